//! YAML as a tree of JSON values, within a budget.
//!
//! Aliases repeat what they name, so a small text may unfold to gigabytes.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Returns the text as a tree of at most `most` values.
pub(super) fn read(text: &str, most: usize) -> Result<Value, serde_yaml::Error> {
    let budget = Cell::new(most);
    Node { budget: &budget }.deserialize(serde_yaml::Deserializer::from_str(text))
}

/// One value and all below it.
#[derive(Clone, Copy)]
struct Node<'b> {
    budget: &'b Cell<usize>,
}

impl Node<'_> {
    fn value<E: Error>(self, value: impl Into<Value>) -> Result<Value, E> {
        let left = self.budget.get().checked_sub(1);
        self.budget
            .set(left.ok_or_else(|| E::custom("its aliases unfold to too much"))?);
        Ok(value.into())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.value(Value::Null)
    }

    /// An empty text.
    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.value(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        self.value(truth)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.value(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        self.value(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        self.value(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.value(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        self.value(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(self)?);
        }
        self.value(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn every_kind_of_value_is_read() {
        let text = "{a: [1, -1, 1.5, true, ~, text], b: {c: &x [y], d: *x}}";
        let expected =
            json!({"a": [1, -1, 1.5, true, null, "text"], "b": {"c": ["y"], "d": ["y"]}});
        assert_eq!(read(text, 20).unwrap(), expected);
        assert!(read("{1: 2, [a]: b}", 20).is_err());
    }

    #[test]
    fn what_unfolds_beyond_the_budget_is_refused() {
        let text = "[&a [x, x], *a, *a]";
        assert!(read(text, 10).is_ok());
        let error = read(text, 9).unwrap_err().to_string();
        assert!(error.contains("unfold to too much"), "{error}");
    }
}
