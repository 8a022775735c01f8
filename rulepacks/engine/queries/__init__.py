"""The queries of rules of type query: a small SELECT over typed trees, so that nothing else can be said."""
