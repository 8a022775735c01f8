"""What a pack may hold and one run may use, beside the defaults of the engine.

Names are those that stand in the messages, for example RUN_LIMITS="seconds=1800,threads=2", PACK_LIMITS="rules=3000".
"""

from cortx.settings import env

RUN_LIMITS = env.numbers("RUN_LIMITS")
PACK_LIMITS = env.numbers("PACK_LIMITS")
