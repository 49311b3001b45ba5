//! The keys and values of past positions.

use tch::Tensor;

/// The positions that a new cache has room for.
const FIRST_CAPACITY: i64 = 64;

/// The keys and values of one block.
#[derive(Default)]
pub struct LayerCache {
    /// Keys and values `[B, kv, capacity, hd]`.
    stored: Option<[Tensor; 2]>,
    /// The number of positions that are in use.
    length: i64,
}

impl LayerCache {
    /// Appends keys and values `[B, kv, T, hd]`; all that are in use now, `[B, kv, length, hd]`.
    ///
    /// The capacity doubles where it is too small. Tensors that carry gradients are concatenated
    /// instead, since the backward pass needs the old ones unchanged.
    pub fn append(&mut self, key: Tensor, value: Tensor) -> (Tensor, Tensor) {
        let (start, added) = (self.length, key.size()[2]);
        self.length += added;
        let stored = match self.stored.take() {
            Some(old) if tracked(&key) || tracked(&old[0]) => concatenated(&old, [key, value], start),
            None if tracked(&key) => [key, value],
            old => written(old, [key, value], start),
        };
        let [keys, values] = [&stored[0], &stored[1]].map(|all| all.narrow(2, 0, self.length));
        self.stored = Some(stored);
        (keys, values)
    }

    /// The keys and values of the last `count` positions, `[B, kv, count, hd]`; `None` where there
    /// are fewer.
    pub fn last(&self, count: i64) -> Option<[Tensor; 2]> {
        let start = self.length - count;
        let stored = self.stored.as_ref().filter(|_| start >= 0)?;
        Some([0, 1].map(|at| stored[at].narrow(2, start, count)))
    }

    /// Puts other keys and values in the place of the last ones.
    pub fn replace_last(&mut self, new: [Tensor; 2]) {
        let start = self.length - new[0].size()[2];
        if let Some(old) = &self.stored {
            self.stored = Some(concatenated(old, new, start));
        }
    }

    /// Keeps the rows of the batch at `rows` `[N]`, and frees the others.
    pub fn keep(&mut self, rows: &Tensor) {
        if let Some(stored) = &mut self.stored {
            stored.iter_mut().for_each(|all| *all = all.index_select(0, rows));
        }
    }
}

fn tracked(tensor: &Tensor) -> bool {
    tensor.requires_grad()
}

fn concatenated(old: &[Tensor; 2], new: [Tensor; 2], start: i64) -> [Tensor; 2] {
    let [keys, values] = new;
    let join = |old: &Tensor, new: &Tensor| Tensor::cat(&[&old.narrow(2, 0, start), new], 2);
    [join(&old[0], &keys), join(&old[1], &values)]
}

fn written(old: Option<[Tensor; 2]>, new: [Tensor; 2], start: i64) -> [Tensor; 2] {
    let needed = start + new[0].size()[2];
    let grown = match old {
        Some(old) if old[0].size()[2] >= needed => old,
        Some(old) => {
            let grown = empty(&new, needed.max(2 * old[0].size()[2]));
            copy(&grown, &old.map(|all| all.narrow(2, 0, start)), 0);
            grown
        }
        None => empty(&new, (needed + FIRST_CAPACITY - 1) / FIRST_CAPACITY * FIRST_CAPACITY),
    };
    copy(&grown, &new, start);
    grown
}

/// Room for `capacity` positions of keys and values like `like`.
fn empty(like: &[Tensor; 2], capacity: i64) -> [Tensor; 2] {
    let room = |like: &Tensor| {
        let (batch, heads, _, head) = like.size4().expect("keys are [B, kv, T, hd]");
        Tensor::zeros([batch, heads, capacity, head], (like.kind(), like.device()))
    };
    [room(&like[0]), room(&like[1])]
}

fn copy(into: &[Tensor; 2], from: &[Tensor; 2], start: i64) {
    let pairs = into.iter().zip(from);
    pairs.for_each(|(into, from)| into.narrow(2, start, from.size()[2]).copy_(from));
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn positions(first: i64, count: i64, gradient: bool) -> Tensor {
        let values = Tensor::arange_start(first, first + count, (Kind::Float, Device::Cpu));
        values.view([1, 1, count, 1]).repeat([2, 3, 1, 4]).set_requires_grad(gradient)
    }

    #[test]
    fn positions_are_kept_in_order_while_the_capacity_doubles() {
        let mut cache = LayerCache::default();
        let mut length = 0;
        for (added, capacity) in [(60, 64), (4, 64), (1, 128), (63, 128), (300, 428)] {
            let (keys, values) =
                cache.append(positions(length, added, false), positions(length, added, false) + 0.5);
            length += added;
            assert_eq!(cache.stored.as_ref().unwrap()[0].size()[2], capacity);
            assert_eq!(keys, positions(0, length, false));
            assert_eq!(values, positions(0, length, false) + 0.5);
        }
        cache.keep(&Tensor::from_slice(&[1i64]));
        let (keys, _) = cache
            .append(positions(length, 1, false).narrow(0, 0, 1), positions(length, 1, false).narrow(0, 0, 1));
        assert_eq!(keys.size(), [1, 3, length + 1, 4]);
    }

    #[test]
    fn gradients_pass_through_appended_positions() {
        let (mut cache, first, second) =
            (LayerCache::default(), positions(0, 2, true), positions(2, 1, true));
        let key = |x: &Tensor| x * 2.0;
        let _ = cache.append(key(&first), key(&first));
        let (keys, values) = cache.append(key(&second), key(&second));
        (keys.square() + values).sum(Kind::Float).backward();
        // d(4x^2 + 2x)/dx
        assert_eq!(first.grad(), positions(0, 2, false) * 8.0 + 2.0);
        assert_eq!(second.grad(), positions(2, 1, false) * 8.0 + 2.0);
    }
}
