import gtlabel as gt
import numpy as np

# A pool of 3,000 items in three clouds, and people who would know the answers.
rng = np.random.default_rng(1)
truth = rng.integers(0, 3, size=3000)
centers = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
features = (centers[truth] + rng.normal(size=(3000, 2))).astype(np.float32)

job = gt.LabelingJob(features, ["ant", "bee", "cat"], target=gt.ErrorTarget(max_error=0.05))
while (batch := job.next_batch()) is not None:
    job.submit(batch.items, truth[batch.items])  # ask people here

print(f"people labelled {job.report().n_human} of {job.n_items}")
if (certificate := job.certificate()) is not None:
    print(certificate.statement)
