"""Training steps of a global workspace in plain eager PyTorch.

All rows of all domains are computed, whether a domain's latent is known or not, and the losses take the rows where it is,
as in the published code. Each state and prediction is computed once and used in every loss.
"""

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_requests import options, serve

ITEMS, ROWS, STATE = 50_000, 512, 12
PARTS = {"v": [12], "attr": [3, 8], "t": [24]}
HIDDEN = {"v": 64, "attr": 128, "t": 128}
LAYERS = {"v": 2, "attr": 1, "t": 2}
SCALE, CONTRASTIVE = 1 / 0.07, 0.1


def mlp(sizes, last=False):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(inputs, outputs))
        if last or i < len(sizes) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class Decoder(nn.Module):
    def __init__(self, name):
        super().__init__()
        width = HIDDEN[name]
        self.name = name
        self.trunk = mlp([STATE, width], last=True)
        self.heads = nn.ModuleList(mlp([width, width, width, part]) for part in PARTS[name])

    def forward(self, state):
        hidden = self.trunk(state)
        parts = [head(hidden) for head in self.heads]
        if self.name == "attr":
            return [F.log_softmax(parts[0], dim=1), torch.tanh(parts[1])]
        if self.name == "t":
            return [parts[0].sign() * torch.log2(1 + parts[0].abs())]
        return parts


class Workspace(nn.Module):
    def __init__(self, domains):
        super().__init__()
        self.domains = domains
        self.encoders = nn.ModuleDict(
            {d: mlp([sum(PARTS[d])] + [HIDDEN[d]] * (1 + LAYERS[d]) + [STATE]) for d in domains}
        )
        self.decoders = nn.ModuleDict({d: Decoder(d) for d in domains})

    def state(self, name, parts):
        return torch.tanh(self.encoders[name](torch.cat(parts, dim=1)))

    def part_losses(self, name, predicted, target, rows):
        predicted, target = [x[rows] for x in predicted], [x[rows] for x in target]
        if name == "attr":
            return F.nll_loss(predicted[0], target[0].argmax(dim=1)) + F.mse_loss(predicted[1], target[1])
        return F.mse_loss(predicted[0], target[0])

    def adapt(self, name, parts):
        return [parts[0].exp(), parts[1]] if name == "attr" else parts

    def forward(self, latents, known):
        """The loss of latents {domain: [parts [B, width]]} with masks {domain: [B]} of the rows where they are known."""
        states = {d: self.state(d, latents[d]) for d in self.domains}
        predicted = {d: {e: self.decoders[e](states[d]) for e in self.domains} for d in self.domains}
        demi_cycles = [self.part_losses(d, predicted[d][d], latents[d], known[d]) for d in self.domains]
        pairs = [(d, e) for d in self.domains for e in self.domains if d != e]
        translations = [self.part_losses(e, predicted[d][e], latents[e], known[d] & known[e]) for d, e in pairs]
        cycles = []
        for d, e in pairs:
            back = self.decoders[d](self.state(e, self.adapt(e, predicted[d][e])))
            cycles.append(self.part_losses(d, back, latents[d], known[d]))
        contrasts = [
            self.contrast(states[d], states[e], known[d] & known[e])
            for i, d in enumerate(self.domains)
            for e in self.domains[i + 1 :]
        ]
        mean = lambda terms: torch.stack(terms).mean()
        return mean(translations) + CONTRASTIVE * mean(contrasts) + mean(demi_cycles) + mean(cycles)

    def contrast(self, a, b, rows):
        a, b = F.normalize(a[rows], dim=1), F.normalize(b[rows], dim=1)
        logits = SCALE * a @ b.T
        target = torch.arange(len(a))
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


class Training:
    def __init__(self, domains):
        self.model = Workspace(domains)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=1e-5)
        self.latents = {d: [torch.randn(ITEMS, part) for part in PARTS[d]] for d in domains}
        # Half of the rows are known in all domains, the others in one.
        owner = torch.cat([torch.full((ROWS // 2,), -1), torch.arange(ROWS // 2) % len(domains)])
        self.known = {d: (owner == -1) | (owner == i) for i, d in enumerate(domains)}

    def step(self):
        items = torch.randint(ITEMS, (ROWS,))
        latents = {d: [part[items] for part in parts] for d, parts in self.latents.items()}
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(latents, self.known)
        loss.backward()
        self.optimizer.step()


def main():
    found = options(__doc__)
    trainings = {"two": Training(["v", "attr"]), "three": Training(["v", "attr", "t"])}
    serve({name: training.step for name, training in trainings.items()}, found.threads)


if __name__ == "__main__":
    main()
