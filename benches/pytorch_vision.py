"""Training steps of the vision domain in plain PyTorch, as a yardstick for ours.

Eager float32, the default memory format, nothing compiled or fused: what one would write first.

    python pytorch_vision.py --threads 2

answers the requests of pytorch_requests.py:

    light-T N      run N steps of the light network (16 channels, 256 hidden features) on T threads  -> seconds taken
    published-T N  run N steps of the published network with 64 channels on T threads                -> seconds taken

A step takes 128 images of bytes from memory.
"""

import torch
from torch import nn

from pytorch_requests import options, serve

BATCH, ITEMS, LATENT, BETA = 128, 10_000, 12, 0.1


def halve(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def double(inputs, outputs):
    return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def published(a):
    encoder = nn.Sequential(*halve(3, a // 8), *halve(a // 8, a // 4), *halve(a // 4, a // 2), *halve(a // 2, a), nn.Flatten())
    decoder = nn.Sequential(
        nn.Unflatten(1, (LATENT, 1, 1)),
        nn.ConvTranspose2d(LATENT, a, 8, bias=False), nn.BatchNorm2d(a), nn.ReLU(),
        *double(a, a // 2), *double(a // 2, a // 4),
        nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(a // 4, 3, 4, padding=1), nn.Sigmoid(),
    )
    return encoder, 4 * a, decoder


def light(c, hidden):
    encoder = nn.Sequential(
        *halve(3, c), *halve(c, 2 * c), *halve(2 * c, 4 * c), nn.Flatten(), nn.Linear(64 * c, hidden), nn.ReLU())
    decoder = nn.Sequential(
        nn.Linear(LATENT, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
        nn.Linear(hidden, 128 * c), nn.ReLU(), nn.Unflatten(1, (2 * c, 8, 8)),
        *double(2 * c, c), nn.ConvTranspose2d(c, 3, 4, 2, 1), nn.Sigmoid())
    return encoder, hidden, decoder


class Autoencoder(nn.Module):
    """The loss of images [B, 3, 32, 32]: half the squared error and the weighted divergence, summed."""

    def __init__(self, encoder, features, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.mean, self.log_variance = nn.Linear(features, LATENT), nn.Linear(features, LATENT)

    def forward(self, images):
        features = self.encoder(images)
        mean, log_variance = self.mean(features), self.log_variance(features)
        drawn = self.decoder(mean + torch.randn_like(mean) * (0.5 * log_variance).exp())
        error = 0.5 * (drawn - images).pow(2).sum()
        divergence = 0.5 * (mean.pow(2) + log_variance.exp() - log_variance - 1).sum()
        return error + BETA * divergence


class Training:
    def __init__(self, networks, images):
        self.model, self.images = Autoencoder(*networks), images
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4, weight_decay=1e-5)

    def step(self):
        images = self.images[torch.randint(ITEMS, (BATCH,))].float() / 255
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(images)
        loss.backward()
        self.optimizer.step()


def main():
    found = options(__doc__)
    images = torch.randint(256, (ITEMS, 3, 32, 32), dtype=torch.uint8)
    trainings = {"light": Training(light(16, 256), images), "published": Training(published(64), images)}
    serve({name: training.step for name, training in trainings.items()}, found.threads)


if __name__ == "__main__":
    main()
