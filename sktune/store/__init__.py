"""What has been evaluated, in a file that outlives the process."""

from ._database import Result, Store
from ._fingerprint import fingerprint
from ._plain import from_plain, to_plain

__all__ = ["Result", "Store", "fingerprint", "from_plain", "to_plain"]
