"""Settings, one concern a file."""

from cortx.settings.accounts import *  # noqa: F403
from cortx.settings.api import *  # noqa: F403
from cortx.settings.apps import *  # noqa: F403
from cortx.settings.background import *  # noqa: F403
from cortx.settings.console import *  # noqa: F403
from cortx.settings.database import *  # noqa: F403
from cortx.settings.limits import *  # noqa: F403
from cortx.settings.logging import *  # noqa: F403
from cortx.settings.mail import *  # noqa: F403
from cortx.settings.outgoing import *  # noqa: F403
from cortx.settings.paths import *  # noqa: F403
from cortx.settings.security import *  # noqa: F403
from cortx.settings.storage import *  # noqa: F403
from cortx.settings.tokens import *  # noqa: F403
