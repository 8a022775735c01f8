"""The expression language of packs: text -> checked, typed tree."""
