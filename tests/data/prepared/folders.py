"""Prepared folders for tests, without photographs."""
import json

import cv2
import numpy as np
import tensorflow as tf

from morph3d.data.prepared import dataset


def write(folder, features, identity, crops=None, in_shard=5, people=None, **settings):
    """A prepared folder of [N, 2, D], [N, 2, I] and maybe [N, size, size, 3] -> Index. Photo i has key "i" and person i // 10, if
    no N people are given."""
    people = people or [str(i // 10) for i in range(len(features))]
    sizes = {"feature_size": np.shape(features)[-1], "identity_size": np.shape(identity)[-1]}
    kinds = [dataset.ENCODINGS] + [dataset.CROPS] * (crops is not None)
    shards = []
    for number, start in enumerate(range(0, len(features), in_shard)):
        chosen = range(start, min(start + in_shard, len(features)))
        shard = {"name": f"{number:05}.tfrecord", "records": len(chosen), "bytes": {}}
        for kind in kinds:
            path = folder / kind / shard["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            with tf.io.TFRecordWriter(str(path)) as writer:
                for i in chosen:
                    parts = ({"features": np.float32(features[i]), "identity": np.float32(identity[i])}
                             if kind == dataset.ENCODINGS
                             else {"image/encoded": cv2.imencode(".jpg", crops[i][..., ::-1])[1].tobytes()})
                    writer.write(dataset.example(str(i), people[i], **parts))
            shard["bytes"][kind] = path.stat().st_size
        shards.append(shard)
    settings |= {"format": dataset.FORMAT, "kinds": sorted(kinds), "image_size": 32 if crops is None else crops.shape[1], **sizes}
    index = {"settings": settings, "photos": len(features), "digest": "0", "rejected": {}, "shards": shards}
    (folder / dataset.INDEX).write_text(json.dumps(index))
    return dataset.read_index(folder)
