"""What the tests of searches share: one BLAS thread, and a cluster."""

import logging

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    """The fits of these tests are tiny, and threads that wait for one another only get in the way.

    By module, because other tests of the same process count the threads.
    """
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def dask_client():
    distributed = pytest.importorskip("distributed", reason="tasks on dask need the package distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**options, silence_logs=logging.CRITICAL) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
