"""Why a rule came out as it did, clause by clause."""
