from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("tenants", "0006_effects"),)
    operations = (
        migrations.AddField(
            model_name="user",
            name="sign_in_epoch",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    )
