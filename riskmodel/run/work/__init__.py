"""What the notebooks call: a few verbs a question, joining the rooms under one run's params."""

from tqdm import tqdm

# no thread beside a bar: Python may collect a file's handle in it while this one opens another,
# which HDF5 does not survive
tqdm.monitor_interval = 0
