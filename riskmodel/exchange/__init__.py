"""Results and exposure in open standards: Open Results Data and Open Exposure Data."""
