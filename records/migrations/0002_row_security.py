from django.db import migrations

from tenants.scoping import row_security, tenant_first_key, tenant_references


class Migration(migrations.Migration):
    dependencies = (("records", "0001_initial"), ("rulepacks", "0002_row_security"))
    operations = (
        *row_security(
            "records_dataset",
            "records_numberseries",
            "records_batch",
            "records_batchinput",
            "records_record",
            "records_recordcount",
            "records_run",
            "records_runevent",
            "records_ruleoutcome",
            "records_unitstatus",
            "records_finding",
        ),
        tenant_first_key("records_record"),
        tenant_first_key("records_finding"),
        tenant_first_key("records_unitstatus"),
        *tenant_references("records_dataset", active_version_id="rulepacks_packversion"),
        *tenant_references(
            "records_batch", dataset_id="records_dataset", current_run_id="records_run", last_run_id="records_run"
        ),
        *tenant_references("records_batchinput", batch_id="records_batch"),
        *tenant_references("records_recordcount", dataset_id="records_dataset"),
        *tenant_references(
            "records_run",
            dataset_id="records_dataset",
            batch_id="records_batch",
            pack_version_id="rulepacks_packversion",
        ),
        *tenant_references("records_runevent", run_id="records_run"),
        *tenant_references("records_ruleoutcome", run_id="records_run"),
    )
