"""A third evaluator, the oracle: what a pack means, said in the plainest Python there is.

It reads the loaded pack and its typed trees, and neither of the two compilers nor the evaluation. Rows are lists of
dictionaries, every number is a `Fraction`, every join and window a loop over all rows. It is slow, and meant to be.
Where it and the engine disagree, one of them is wrong.
"""
