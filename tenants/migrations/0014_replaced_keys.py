from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("tenants", "0013_checkpoint_deliveries"),)
    operations = (
        migrations.AddField("ApiKey", "replaced_at", models.DateTimeField(blank=True, editable=False, null=True)),
    )
