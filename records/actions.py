"""What this app writes to the audit log."""

from tenants.audit.actions import declare

declare("dataset.created", "Dataset created", "{actor} created dataset {object}")
declare("dataset.changed", "Dataset changed", "{actor} changed the settings of {object}")
declare("dataset.activated", "Pack version activated", "{actor} activated {version} for dataset {object}")
declare("batch.received", "Batch received", "{actor} delivered {object} to dataset {dataset}")
declare("run.requested", "Run requested", "{actor} asked for a run of {batch} with {version}")
declare("run.cancel_requested", "Cancellation requested", "{actor} asked to cancel {object}")
declare("run.cancelled", "Run cancelled", "{object} ended: {reason}")
declare("run.failed", "Run failed", "{object} failed: {reason}")
declare("run.completed", "Run completed", "{object} decided {records} records, {findings} findings")
declare("record.received", "Record received", "{actor} delivered record {object} to dataset {dataset}")
declare("record.decided", "Record decided", "Record {object} is {status}, {findings} findings")
