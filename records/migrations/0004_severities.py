from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("records", "0003_statistics"),)
    operations = (
        migrations.AddField(
            model_name="run",
            name="policy_version",
            field=models.PositiveIntegerField(default=0, help_text="The tenant's policy when the run was asked for."),
        ),
        migrations.AddField(
            model_name="run",
            name="severities",
            field=models.JSONField(default=dict, help_text="By rule: the least severity that policy demands."),
        ),
    )
