"""Speed measurements that compare in one run."""
