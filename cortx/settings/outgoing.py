"""What leaves the installation by itself: signed checkpoints, for somebody outside to hold."""

from cortx.settings import env
from cortx.settings.paths import VAR_DIR

# A tenant that names a folder gets its checkpoints below `<CHECKPOINT_FOLDER>/<its id>/`.
CHECKPOINT_FOLDER = env.text("CHECKPOINT_FOLDER", str(VAR_DIR / "checkpoints"))
# A checkpoint waits so long for newer ones before it goes out, so a tenant delivers at most so often.
CHECKPOINT_EVERY_SECONDS = env.integer("CHECKPOINT_EVERY_SECONDS", 10)
# Destinations inside the operator's own network, as host:port: these may be named with http and are not checked.
OUTGOING_HOSTS_ALLOWED = env.listing("OUTGOING_HOSTS_ALLOWED")
