"""What each network is trained with unless the command line says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    minutes: the schedule follows the clock and ends then, instead of after `epochs`; 0: it does not
    optimizer: `sgd` (Nesterov momentum 0.9), `adam` or `adamw`
    sam: radius of sharpness-aware minimisation, which computes each step twice; 0: without
    sam_from: share of the run after which it is; late it does nearly as much as all along
    schedule: `cosine`, `exponential` (`decay` an epoch) or `plateau` (`decay` after `plateau`
    epochs without a lower validation loss)
    balance: rare labels are drawn more often by (most / count) ** balance; 1: all equally often
    average: decay of the moving average of the weights; 0: none
    mixup: parameter of the Beta distribution that two pictures are blended by; 0: none
    augmentation: `field` (faults of cameras and framing), `half-field` (half of the pictures with
    next to none), `poster-v2` or `oaenet` (as published)
    calm_from: share of the run after which pictures are no longer blended, and half of them have
    next to no faults
    guides: weight of the losses of heads on the branches of POSTER V2, which are thrown away in the
    end; 0: none
    joint_rate: share of the learning rate for all of POSTER V2 but its branches: a transformer needs
    a lower one than convolutions
    patience: epochs without better validation accuracy until the run ends
    blind_epochs: in a row after which a run is given up that tells no labels apart: its accuracy is
    no better than that of the commonest label alone, its balanced accuracy no better than chance;
    0: never
    epoch_pictures: drawn for an epoch, after which it is validated and saved; 0: all there are
    teacher_share: weight of a teacher's scores beside the votes; of finished scores, once half of
    the run is done
    """

    epochs: int
    batch_size: int
    lr: float
    optimizer: str
    schedule: str
    augmentation: str
    minutes: float = 0
    decay: float = 1
    plateau: int = 0
    warmup_epochs: float = 0
    weight_decay: float = 0
    sam: float = 0
    sam_from: float = 0
    balance: float = 0
    average: float = 0
    mixup: float = 0
    calm_from: float = 1
    guides: float = 0
    joint_rate: float = 1
    patience: int = 30
    blind_epochs: int = 10
    epoch_pictures: int = 0
    teacher_share: float = 0


_LITE = Recipe(
    epochs=60,
    batch_size=128,
    lr=0.1,
    optimizer="sgd",
    schedule="cosine",
    augmentation="field",
    warmup_epochs=1,
    weight_decay=5e-4,
    balance=0.3,
    average=0.998,
)

RECIPES = {
    "lite": _LITE,
    # From weights that know faces already (--init): half of the pictures as they are.
    "lite-finetune": replace(
        _LITE,
        epochs=15,
        lr=0.006,
        augmentation="half-field",
        warmup_epochs=0.5,
        balance=0.4,
        average=0.995,
    ),
    # What a larger network says of each picture as it is shown (--distill), beside the votes.
    "lite-distill": replace(
        _LITE,
        batch_size=256,
        lr=0.05,
        mixup=0.2,
        calm_from=0.8,
        teacher_share=0.8,
    ),
    # As published for RAF-DB, which starts from pretrained branches.
    "poster-v2": Recipe(
        epochs=200,
        batch_size=144,
        lr=3.5e-5,
        optimizer="adam",
        schedule="exponential",
        augmentation="poster-v2",
        decay=0.98,
        sam=0.05,
    ),
    # Without pretrained parts: a GPU, bfloat16, strong augmentation, soft labels.
    "poster-v2-from-scratch": Recipe(
        epochs=80,
        batch_size=256,
        lr=1e-3,
        optimizer="adamw",
        schedule="cosine",
        augmentation="field",
        warmup_epochs=3,
        weight_decay=0.05,
        sam=0.05,
        sam_from=0.65,
        balance=0.3,
        average=0.998,
        mixup=0.3,
        calm_from=0.85,
        guides=0.5,
        # 2.5e-4 at a batch of 256, as transformers are trained (Touvron et al., 2021).
        joint_rate=0.25,
    ),
    "oaenet": Recipe(
        epochs=50,
        batch_size=60,
        lr=1e-3,
        optimizer="sgd",
        schedule="plateau",
        augmentation="oaenet",
        decay=0.1,
        plateau=7,
    ),
    # Without a pretrained backbone: a GPU, bfloat16, soft labels.
    "oaenet-from-scratch": Recipe(
        epochs=40,
        batch_size=128,
        lr=2e-3,
        optimizer="adamw",
        schedule="cosine",
        augmentation="oaenet",
        warmup_epochs=1,
        weight_decay=0.05,
        balance=0.3,
        average=0.995,
    ),
}
