"""A cluster of Dask for the jobs of an operator: scheduler, workers, their certificates, and the executor.

Needs the packages of the extra `scale`. Who holds one of the certificates can run any code on the workers, so there are
as many as processes of our own, and no authority that could make another one.
"""
