"""What this app writes to the audit log."""

from tenants.audit.actions import declare

declare("pack_version.installed", "Pack version installed", "{actor} installed {object}")
declare("pack_version.drafted", "Pack version drafted", "{actor} drafted {object}")
declare("pack_version.edited", "Draft edited", "{actor} gave the draft {object} other content")
declare("pack_version.submitted", "Pack version submitted", "{actor} submitted {object}")
declare("pack_version.published", "Pack version published", "{actor} published {object}, approved by {approver}")
