//! The two readings of a YAML block: values within a budget, then their letters.
//!
//! `serde_yaml` gives a scalar's letters to whoever asks for a text, and its value to whoever asks
//! for anything. So the first reading asks for anything and learns the shape, and the second
//! follows that shape and asks for a text where a number, true or false was.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
        Visitor,
    },
};

use crate::backlog::front::Value;

/// The most that a block may unfold to, in values plus bytes of text: aliases repeat what they
/// name, and a block without them cannot be larger than itself.
const LARGEST: usize = 256 * 1024;

/// Returns the block as values; numbers as they print.
pub(super) fn read(text: &str) -> Result<Value, serde_yaml::Error> {
    let budget = Cell::new(LARGEST);
    let reading = Node { budget: &budget };
    reading.deserialize(serde_yaml::Deserializer::from_str(text))
}

/// Returns the values of the first reading with the letters of every plain scalar.
pub(super) fn as_written(text: &str, mut first: Value) -> Result<Value, serde_yaml::Error> {
    AsWritten(&mut first).deserialize(serde_yaml::Deserializer::from_str(text))
}

/// Returns whether there is a scalar whose letters are not known yet.
pub(super) fn has_plain(value: &Value) -> bool {
    match value {
        Value::Plain(_) => true,
        Value::Nothing | Value::Text(_) => false,
        Value::List(items) => items.iter().any(has_plain),
        Value::Map(entries) => entries.iter().any(|(_, value)| has_plain(value)),
    }
}

/// The first reading: values as YAML understands them, within a budget.
#[derive(Clone, Copy)]
struct Node<'b> {
    budget: &'b Cell<usize>,
}

impl Node<'_> {
    fn pay<E: Error>(self, cost: usize) -> Result<(), E> {
        let left = self.budget.get().checked_sub(cost + 1);
        self.budget
            .set(left.ok_or_else(|| E::custom("its aliases unfold to too much"))?);
        Ok(())
    }

    fn plain<E: Error>(self, printed: String) -> Result<Value, E> {
        self.pay(printed.len())?;
        Ok(Value::Plain(printed))
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
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        self.plain(truth.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.plain(number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        self.plain(number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        self.plain(number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        self.plain(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        self.plain(number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.pay(text.len())?;
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.pay(0)?;
        Ok(Value::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.pay(0)?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.pay(0)?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(self)? {
            let key = match key {
                Value::Text(text) | Value::Plain(text) => text,
                other => other.to_json().to_string(),
            };
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(Value::Map(entries))
    }

    // A tagged value (`!thing x`): the tag means nothing here.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, value) = tagged.variant::<IgnoredAny>()?;
        value.newtype_variant_seed(self)
    }
}

/// The second reading: the same values, with the letters of every plain scalar.
struct AsWritten<'v>(&'v mut Value);

impl<'de> DeserializeSeed<'de> for AsWritten<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self.0 {
            Value::Plain(_) => Ok(Value::Plain(String::deserialize(from)?)),
            Value::List(_) => from.deserialize_seq(self),
            Value::Map(_) => from.deserialize_map(self),
            Value::Nothing | Value::Text(_) => {
                IgnoredAny::deserialize(from)?;
                Ok(std::mem::replace(self.0, Value::Nothing))
            }
        }
    }
}

impl<'de> Visitor<'de> for AsWritten<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of the first reading")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let Value::List(items) = self.0 else {
            return Err(A::Error::custom("a list where none was"));
        };
        for item in &mut *items {
            if let Some(written) = list.next_element_seed(AsWritten(item))? {
                *item = written;
            }
        }
        list.next_element::<IgnoredAny>()?;
        Ok(Value::List(std::mem::take(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Value::Map(entries) = self.0 else {
            return Err(A::Error::custom("keys where none were"));
        };
        for (_, value) in &mut *entries {
            if map.next_key::<IgnoredAny>()?.is_some() {
                let written = map.next_value_seed(AsWritten(value))?;
                *value = written;
            }
        }
        map.next_key::<IgnoredAny>()?;
        Ok(Value::Map(std::mem::take(entries)))
    }
}
