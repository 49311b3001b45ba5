"""Training steps of VICReg, RSSM and CoMo, the moving dots and batches of digits in plain PyTorch, as a yardstick for ours.

Eager float32, the default memory format, nothing compiled or fused: what one would write first. The models are the
paper's (menet5 of width 2, embedding 512; VICReg with a GRU predictor, no projector, coefficients 25, 25, 1 and LARS;
RSSM frame by frame, with Adam and clipped gradients), on 128 sequences of 17 frames.

    python pytorch_baseline.py --threads 2

answers the requests of pytorch_requests.py:

    step N    run N VICReg training steps      -> seconds taken
    rssm N    run N RSSM training steps        -> seconds taken
    data N    draw N batches of 128 sequences  -> seconds taken
    como N    run N CoMo training steps, batches of 128 digits from a DataLoader included  -> seconds taken
    digits N  make N such batches              -> seconds taken

so that another program can time itself and this one in turns, on a machine whose speed drifts.
"""

import math
import time

import torch
import torch.nn.functional as F
from torch import nn

import pytorch_como
from pytorch_requests import options, serve

BATCH, FRAMES, SIZE, EMBEDDING, ACTION = 128, 17, 28, 512, 2
SIM_COEFF, STD_COEFF, COV_COEFF = 25.0, 25.0, 1.0


class Menet5(nn.Module):
    """Images [N, 1, 28, 28] to embeddings [N, 512]."""

    def __init__(self, channels=1, width=2, embedding=EMBEDDING):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 16 * width, 5, stride=2, padding=2), nn.ReLU(), nn.BatchNorm2d(16 * width),
            nn.Conv2d(16 * width, 32 * width, 5, stride=2, padding=2), nn.ReLU(), nn.BatchNorm2d(32 * width),
            nn.Conv2d(32 * width, 32 * width, 3, stride=1, padding=1), nn.ReLU(), nn.BatchNorm2d(32 * width),
            nn.AvgPool2d(2, stride=2),
        )
        self.fc = nn.Linear(9 * 32 * width, embedding)

    def forward(self, images):
        return self.fc(self.layers(images).flatten(1))


class RNNPredictor(nn.Module):
    """A GRU over actions [T-1, B, 2] that starts from an encoding [B, D] and returns predictions [T-1, B, D]."""

    def __init__(self, hidden=EMBEDDING, action=ACTION):
        super().__init__()
        self.rnn = nn.GRU(action, hidden)

    def forward(self, encoding, actions):
        return self.rnn(actions, encoding.unsqueeze(0))[0]


class VICReg(nn.Module):
    """Predict the encodings of all frames from the first; keep their features spread out and uncorrelated."""

    def __init__(self):
        super().__init__()
        self.backbone = Menet5()
        self.predictor = RNNPredictor()
        self.action_head = nn.Linear(2 * EMBEDDING, ACTION)  # unused while its coefficient is 0

    def forward(self, states, actions):
        """The loss of states [T, B, 1, 28, 28] under actions [T-1, B, 2]."""
        encodings = self.backbone(states.flatten(0, 1)).view(*states.shape[:2], EMBEDDING)
        predictions = self.predictor(encodings[0], actions)
        repr_loss = F.mse_loss(predictions, encodings[1:])

        std_loss, cov_loss = 0.0, 0.0
        for frame in encodings:
            std, cov = self.variance_covariance(frame)
            std_loss = std_loss + std
            cov_loss = cov_loss + cov
        std_loss, cov_loss = std_loss / len(encodings), cov_loss / len(encodings)
        return SIM_COEFF * repr_loss + STD_COEFF * std_loss + COV_COEFF * cov_loss

    @staticmethod
    def variance_covariance(x):
        """The two terms for one frame's encodings [B, D]."""
        batch, features = x.shape
        x = x - x.mean(dim=0)
        std_loss = torch.mean(F.relu(1 - torch.sqrt(x.var(dim=0) + 1e-4)))
        cov = (x.T @ x) / (batch - 1)
        off_diagonal = cov.flatten()[:-1].view(features - 1, features + 1)[:, 1:]
        return std_loss, off_diagonal.pow(2).sum() / features


class Upsample(nn.Module):
    """Enlarges maps and convolves them."""

    def __init__(self, inputs, outputs, kernel, factor):
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)

    def forward(self, maps):
        return self.conv(F.interpolate(maps, scale_factor=self.factor, mode="nearest"))


class Decoder(nn.Module):
    """Samples and beliefs [B, 1024] to images [B, 1, 28, 28]."""

    def __init__(self, channels=1, width=2, inputs=2 * EMBEDDING):
        super().__init__()
        self.wide = 32 * width
        self.fc = nn.Linear(inputs, 9 * self.wide)
        self.layers = nn.Sequential(
            Upsample(self.wide, self.wide, 3, 2), nn.ReLU(), nn.BatchNorm2d(self.wide),
            Upsample(self.wide, 16 * width, 5, 3), nn.ReLU(), nn.BatchNorm2d(16 * width),
            Upsample(16 * width, channels, 5, 3),
        )

    def forward(self, states):
        maps = F.relu(self.fc(states)).view(-1, self.wide, 3, 3)
        return F.interpolate(self.layers(maps), size=(SIZE, SIZE), mode="bilinear")


class RSSM(nn.Module):
    """Reconstruct each frame from the belief and a sample of the prior; keep the prior close to the posterior."""

    MIN_SCALE, FREE_NATS = 0.05, 3.0

    def __init__(self, size=EMBEDDING):
        super().__init__()
        self.backbone, self.decoder = Menet5(), Decoder()
        self.input = nn.Sequential(nn.Linear(size + ACTION, size), nn.ReLU())
        self.cell = nn.GRUCell(size, size)
        one = lambda: nn.Sequential(nn.Linear(size, size), nn.ReLU())
        two = lambda: nn.Sequential(nn.Linear(2 * size, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU())
        self.prior_mean, self.prior_scale, self.posterior_mean, self.posterior_scale = one(), one(), two(), two()

    def prior(self, belief, least):
        return torch.distributions.Normal(self.prior_mean(belief), F.softplus(self.prior_scale(belief)) + least)

    def posterior(self, encoding, belief):
        both = torch.cat([encoding, belief], dim=-1)
        scale = F.softplus(self.posterior_scale(both)) + self.MIN_SCALE
        return torch.distributions.Normal(self.posterior_mean(both), scale)

    def reconstruction(self, sample, belief, frame):
        return F.mse_loss(self.decoder(torch.cat([sample, belief], dim=-1)), frame)

    def forward(self, states, actions):
        """The loss of states [T, B, 1, 28, 28] under actions [T-1, B, 2]."""
        belief = self.backbone(states[0])
        sample = self.prior(belief, 0.0).sample()
        loss = self.reconstruction(sample, belief, states[0])
        for frame, action in zip(states[1:], actions):
            belief = self.cell(self.input(torch.cat([sample, action], dim=-1)), belief)
            prior = self.prior(belief, self.MIN_SCALE)
            posterior = self.posterior(self.backbone(frame), belief)
            divergence = torch.distributions.kl_divergence(prior, posterior).mean()
            loss = loss + self.reconstruction(prior.sample(), belief, frame) + divergence.clamp(min=self.FREE_NATS)
            sample = posterior.sample()
        return loss / len(actions)


class LARS(torch.optim.Optimizer):
    """SGD with momentum whose steps are scaled to each matrix's norm (You et al., 2017)."""

    def __init__(self, params, lr, weight_decay=1e-6, momentum=0.9, eta=0.001):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, momentum=momentum, eta=eta))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                update = p.grad
                if p.ndim > 1:
                    update = update.add(p, alpha=group["weight_decay"])
                    param_norm, update_norm = torch.norm(p), torch.norm(update)
                    one = torch.ones_like(param_norm)
                    ratio = torch.where(update_norm > 0, group["eta"] * param_norm / update_norm, one)
                    update = update * torch.where(param_norm > 0, ratio, one)
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                momentum = state["momentum"].mul_(group["momentum"]).add_(update)
                p.add_(momentum, alpha=-group["lr"])


class Dots:
    """Batches of one dot that moves in a 28x28 image under fixed uniform noise of strength 1."""

    STD, MAX_STEP, KAPPA = 1.3, 4.0, 0.2
    MEAN, DEVIATION = 0.0483, 0.0282  # of the noisy images
    ACTION_DEVIATION = 0.4102 * MAX_STEP

    def __init__(self):
        self.margin = 2 * self.STD
        axis = torch.arange(SIZE, dtype=torch.float32)
        self.ys, self.xs = torch.meshgrid(axis, axis, indexing="ij")

    def batch(self):
        """States [B, T, 1, 28, 28], locations [B, T, 1, 2], actions [B, T-1, 1, 2], all normalised."""
        locations, actions = self.trajectories()
        frames = torch.stack([self.render(locations[:, t]) for t in range(FRAMES)], dim=1)
        noise = torch.rand(BATCH, 1, SIZE, SIZE) * frames.max()
        states = (frames + noise - self.MEAN) / self.DEVIATION
        low, span = self.margin, SIZE - 1 - 2 * self.margin
        locations = ((locations - low) / span - 0.5) / math.sqrt(1 / 12)
        return states.unsqueeze(2), locations.unsqueeze(2), (actions / self.ACTION_DEVIATION).unsqueeze(2)

    def trajectories(self):
        """Locations [B, T, 2] and the actions [B, T-1, 2] between them, in pixels."""
        low, high = self.margin, SIZE - 1 - self.margin
        preferred = torch.rand(BATCH) * 2 * math.pi
        concentration = torch.full((BATCH,), self.KAPPA)
        angles = torch.distributions.VonMises(preferred, concentration).sample((FRAMES - 1,))
        lengths = torch.rand(FRAMES - 1, BATCH) * self.MAX_STEP
        actions = lengths.unsqueeze(-1) * torch.stack([angles.cos(), angles.sin()], dim=-1)
        locations = [low + torch.rand(BATCH, 2) * (high - low)]
        for action in actions:
            locations.append((locations[-1] + action).clamp(low, high))
        return torch.stack(locations, dim=1), actions.transpose(0, 1)

    def render(self, locations):
        """Images [B, 28, 28] of dots at locations [B, 2]."""
        x, y = locations[:, 0].view(-1, 1, 1), locations[:, 1].view(-1, 1, 1)
        squared = (self.xs - x) ** 2 + (self.ys - y) ** 2
        return torch.exp(-squared / (2 * self.STD**2)) / (2 * math.pi * self.STD**2)


class Trainer:
    """The training step on batches that were drawn beforehand, so that data generation is not in its time."""

    def __init__(self, model, optimizer, clip_norm=None, kept_batches=2):
        dots = Dots()
        self.batches = []
        for _ in range(kept_batches):
            states, _, actions = dots.batch()
            self.batches.append((states.transpose(0, 1).contiguous(), actions[:, :, 0].transpose(0, 1).contiguous()))
        self.model, self.clip_norm = model.train(), clip_norm
        self.optimizer = optimizer(self.model.parameters())
        self.steps = 0

    def step(self):
        states, actions = self.batches[self.steps % len(self.batches)]
        self.steps += 1
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(states, actions)
        loss.backward()
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        return loss.detach()


def main():
    found = options(__doc__)
    vicreg = Trainer(VICReg(), lambda parameters: LARS(parameters, lr=0.1))
    rssm = Trainer(RSSM(), lambda parameters: torch.optim.Adam(parameters, lr=3e-4), clip_norm=1000)
    works = {"step": vicreg.step, "rssm": rssm.step, "data": Dots().batch}
    epochs = pytorch_como.Epochs()
    works |= {"como": pytorch_como.Training(epochs).step, "digits": epochs.batch}
    serve(works, found.threads)


if __name__ == "__main__":
    main()
