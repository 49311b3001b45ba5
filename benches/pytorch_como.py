"""The collaborative autoencoder in plain PyTorch: the models of the published settings, and digits from a DataLoader.

Two agents with a state of 16 tokens of 128 features, two stacks of 4 blocks each, attention messengers of depth 4 with
messages of 128 numbers; batches of 128 made item by item with Pillow, as image datasets usually are.
"""

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

BATCH, TOKENS, WIDTH, BLOCKS, MESSAGE, DEPTH = 128, 16, 128, 4, 128, 4


class Attention(nn.Module):
    def __init__(self, heads, bias, cross):
        super().__init__()
        self.heads, self.cross = heads, cross
        if cross:
            self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH, bias=bias) for _ in range(3))
        else:
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=bias)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def split(self, x):
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, x, y=None):
        q, k, v = (self.q(x), self.k(y), self.v(y)) if self.cross else self.qkv(x).chunk(3, -1)
        out = F.scaled_dot_product_attention(self.split(q), self.split(k), self.split(v))
        return self.proj(out.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, heads=4, bias=False, eps=1e-5):
        super().__init__()
        self.norm1, self.norm2, self.norm3, self.norm_y = (nn.LayerNorm(WIDTH, eps=eps) for _ in range(4))
        self.attn, self.cross = Attention(heads, bias, False), Attention(heads, bias, True)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x, y):
        x = x + self.attn(self.norm1(x))
        x = x + self.cross(self.norm2(x), self.norm_y(y))
        return x + self.mlp(self.norm3(x))


def messenger_blocks():
    return nn.ModuleList(Block(bias=True, eps=1e-6) for _ in range(DEPTH))


class Messenger(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.placeholder = nn.Parameter(torch.zeros(1, 1, MESSAGE)), nn.Parameter(torch.zeros(MESSAGE))
        self.query_in, self.message_in = nn.Linear(MESSAGE, WIDTH), nn.Linear(MESSAGE, WIDTH)
        self.out = nn.Linear(WIDTH, MESSAGE)
        self.writers, self.readers = messenger_blocks(), messenger_blocks()

    def write(self, state):
        x = self.query_in(self.query.expand(len(state), -1, -1))
        for block in self.writers:
            x = block(x, state)
        return self.out(x)

    def read(self, state, message):
        y = self.message_in(message + self.placeholder)
        for block in self.readers:
            state = block(state, y)
        return state


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(392, 256), nn.ReLU(), nn.Linear(256, WIDTH))
        self.decoder = nn.Sequential(nn.Linear(WIDTH, 256), nn.ReLU(), nn.Linear(256, 392), nn.Sigmoid())
        self.state, self.norm = nn.Embedding(TOKENS, WIDTH), nn.LayerNorm(WIDTH)
        self.states, self.images = (nn.ModuleList(Block() for _ in range(BLOCKS)) for _ in range(2))

    def stacks(self, state, image):
        for keep, see in zip(self.states, self.images):
            state, image = keep(state, image), see(image, state)
        return state, image

    def look(self, half):
        image = self.encoder(half).unsqueeze(1)
        state = self.state(torch.arange(TOKENS)).expand(len(half), -1, -1)
        return self.stacks(state, image)

    def draw(self, state, image):
        return self.decoder(self.stacks(state, image)[1].squeeze(1)).view(-1, 1, 28, 14)


class CoMo(nn.Module):
    def __init__(self):
        super().__init__()
        self.agents = nn.ModuleList(Agent() for _ in range(2))
        self.messengers = nn.ModuleList(Messenger() for _ in range(2))

    def forward(self, halves, targets):
        states = [agent.look(half) for agent, half in zip(self.agents, halves)]
        messages = [m.write(a.norm(state)) for a, m, (state, _) in zip(self.agents, self.messengers, states)]
        loss = 0
        for i, (agent, (state, image)) in enumerate(zip(self.agents, states)):
            drawn = agent.draw(self.messengers[i].read(state, messages[1 - i]), image)
            loss = loss + F.mse_loss(drawn, targets[i])
        return loss


class Digits(Dataset):
    """60,000 pictures of noise: what they show costs nothing to turn."""

    def __init__(self):
        self.images = numpy.random.default_rng(0).integers(0, 256, (60_000, 28, 28), dtype=numpy.uint8)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index]).rotate(90 * int(torch.randint(4, ())))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(numpy.array(image)).float().div(255).unsqueeze(0)
        left, right = pixels[..., :14], pixels[..., 14:]
        seen = (right, left) if torch.rand(()) < 0.5 else (left, right)
        return seen, (right, left)


class Epochs:
    """Batches without end."""

    def __init__(self):
        self.loader = DataLoader(Digits(), batch_size=BATCH, shuffle=True, drop_last=True)
        self.batches = iter(())

    def batch(self):
        for batch in self.batches:
            return batch
        self.batches = iter(self.loader)
        return next(self.batches)


class Training:
    def __init__(self, epochs):
        self.epochs, self.model = epochs, CoMo()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def step(self):
        halves, targets = self.epochs.batch()
        self.optimizer.zero_grad(set_to_none=True)
        self.model(halves, targets).backward()
        self.optimizer.step()
