"""What TensorBoard finds in a folder of event files."""
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class Events:
    """The events of a folder.

    Attributes:
      tags: names of all that was written.
    """

    def __init__(self, folder):
        self._events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        self.tags = set(self._events.Tags()["tensors"])

    def steps(self, tag):
        return [event.step for event in self._events.Tensors(tag)]

    def values(self, tag):
        return [tf.make_ndarray(event.tensor_proto) for event in self._events.Tensors(tag)]

    def last(self, tag):
        return self.values(tag)[-1]

    def plugin(self, tag):
        return self._events.SummaryMetadata(tag).plugin_data.plugin_name

    def content(self, tag):
        """What the plugin of a tag was given beside the numbers, bytes."""
        return self._events.SummaryMetadata(tag).plugin_data.content
