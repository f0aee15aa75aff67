"""What happened, by name. Code that counts looks this module up, so that its counts are no part of the code."""

from collections import Counter

counts = Counter()
