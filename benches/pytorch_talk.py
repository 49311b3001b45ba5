"""Language models in transformers, as a yardstick for ours.

`generate` with greedy choices and its key/value cache, without stop tokens, on random weights.

    python pytorch_talk.py --threads 2

answers the requests of pytorch_requests.py, where SIZE is tiny (756 thousand parameters) or large (135 million, the
sizes of SmolLM2), BATCH is alone or, for tiny, batch (32 texts), and FORMAT is fp32 or bf16:

    SIZE_BATCH_FORMAT_prefill-T N   read the prompt and write one token, N times on T threads     -> seconds taken
    SIZE_BATCH_FORMAT_decode-T N    read the prompt and write 64 (tiny) or 16 (large) tokens      -> seconds taken
"""

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from pytorch_requests import options, serve

TINY = dict(
    hidden_size=128, intermediate_size=352, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
    head_dim=32, vocab_size=128, rope_theta=1e4, rms_norm_eps=1e-6, tie_word_embeddings=True)
LARGE = dict(
    hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
    vocab_size=49152, rope_theta=1e5, rms_norm_eps=1e-5, tie_word_embeddings=True)
PROMPT = {"tiny": 64, "large": 256}
WRITTEN = {"tiny": 64, "large": 16}
BATCHES = {"tiny": [("alone", 1), ("batch", 32)], "large": [("alone", 1)]}
FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def models():
    tiny, large = Qwen2ForCausalLM(Qwen2Config(**TINY)), LlamaForCausalLM(LlamaConfig(**LARGE))
    for size, model in (("tiny", tiny), ("large", large)):
        for name, dtype in FORMATS.items():
            yield size, name, type(model)(model.config).to(dtype).eval()


def writing(model, ids, count):
    settings = dict(max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0)
    mask = torch.ones_like(ids)

    @torch.inference_mode()
    def write():
        model.generate(ids, attention_mask=mask, **settings)

    return write


def main():
    found = options(__doc__)
    transformers.logging.set_verbosity_error()
    works = {}
    for size, name, model in models():
        for batch, texts in BATCHES[size]:
            ids = torch.randint(model.config.vocab_size, (texts, PROMPT[size]))
            works[f"{size}_{batch}_{name}_prefill"] = writing(model, ids, 1)
            works[f"{size}_{batch}_{name}_decode"] = writing(model, ids, WRITTEN[size])
    serve(works, found.threads)


if __name__ == "__main__":
    main()
