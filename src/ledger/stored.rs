//! A cell's text, read back: the mirror of what derived `Serialize` writes. By hand, because derived readers were a fifth
//! of the module. Members that are not known are passed over; one that is missing is damage.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::json::Json;

/// What does not read as it should: the innermost member's name, or its kind.
pub type Damage = &'static str;

/// A value that stands in a cell.
pub trait Stored: Sized {
    /// Reads it back.
    ///
    /// # Errors
    /// What is damaged.
    fn restore(json: &Json) -> Result<Self, Damage>;

    /// What stands for a member that is left out, where one may be.
    #[must_use]
    fn left_out() -> Option<Self> {
        None
    }
}

/// A member of an object.
///
/// # Errors
/// What is damaged in it, or its name if it is missing.
pub fn member<T: Stored>(json: &Json, name: &'static str) -> Result<T, Damage> {
    match json.get(name) {
        Some(value) => T::restore(value),
        None => T::left_out().ok_or(name),
    }
}

/// Whole numbers.
macro_rules! numbers {
    ($($name:ident)*) => {$(
        impl Stored for $name {
            fn restore(json: &Json) -> Result<Self, Damage> {
                json.as_u64().and_then(|number| Self::try_from(number).ok()).ok_or("a number")
            }
        }
    )*};
}

numbers! { u8 u64 usize }

impl Stored for Json {
    fn restore(json: &Json) -> Result<Self, Damage> {
        Ok(json.clone())
    }
}

impl Stored for bool {
    fn restore(json: &Json) -> Result<Self, Damage> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err("a boolean"),
        }
    }
}

impl Stored for String {
    fn restore(json: &Json) -> Result<Self, Damage> {
        json.as_str().map(str::to_owned).ok_or("a text")
    }
}

impl Stored for Cow<'static, str> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        String::restore(json).map(Cow::Owned)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        if *json == Json::Null { Ok(None) } else { T::restore(json).map(Some) }
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }
}

impl<T: Stored> Stored for Rc<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        T::restore(json).map(Self::new)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let mut items = Self::new();
        for item in json.as_array().ok_or("a list")? {
            items.push(T::restore(item)?);
        }
        Ok(items)
    }
}

impl Stored for BTreeSet<String> {
    fn restore(json: &Json) -> Result<Self, Damage> {
        let mut set = Self::new();
        for item in json.as_array().ok_or("a list")? {
            set.insert(String::restore(item)?);
        }
        Ok(set)
    }
}
