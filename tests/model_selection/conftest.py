"""One BLAS thread: the fits of these tests are tiny, and threads that wait for one another only get in the way.

By module, because other tests of the same process count the threads.
"""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    with threadpool_limits(1):
        yield
