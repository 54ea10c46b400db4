//! Lists, hashes, sets and sorted sets.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Done, NO_INTEGER, SYNTAX, WRONG_TYPE, Work};
use super::{Reply, Value};

pub(super) fn run(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let found = match name.as_bytes().first() {
        Some(b'H') => hashes(work, name, given),
        Some(b'S') => sets(work, name, given),
        Some(b'Z') => sorted(work, name, given),
        _ => None,
    };
    found.or_else(|| lists(work, name, given)).or_else(|| moving(work, name, given))
}

/// From where to where, of `len`: negative numbers count from the end, and the last one belongs to it.
pub(super) fn bounds(from: &str, to: &str, len: usize) -> Result<(usize, usize), &'static str> {
    let at = |text: &str| -> Result<i64, &'static str> {
        let number: i64 = text.parse().map_err(|_| NO_INTEGER)?;
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        Ok(if number < 0 { number.saturating_add(len) } else { number })
    };
    let (from, to) = (at(from)?.max(0), at(to)?.saturating_add(1));
    let place = |number: i64| usize::try_from(number.max(0)).unwrap_or(usize::MAX).min(len);
    Ok((place(from).min(place(to)), place(to)))
}

fn lists(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let word = |n: usize| given.get(n).copied().unwrap_or_default();
    let key = word(0);
    let list = |work: &Work<'_>| match work.get(key) {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items.clone()),
        Some(_) => Err(WRONG_TYPE),
    };
    Some(match name {
        "LLEN" => list(work).map(|items| Reply::count(items.len())),
        "LRANGE" => list(work).and_then(|items| {
            let (from, to) = bounds(word(1), word(2), items.len())?;
            Ok(Reply::bulks(items.get(from..to).unwrap_or_default().iter().cloned()))
        }),
        "LINDEX" => list(work).and_then(|items| {
            let (from, to) = bounds(word(1), word(1), items.len())?;
            Ok(items.get(from).filter(|_| to > from).map_or(Reply::Nil, |item| Reply::Bulk(item.clone())))
        }),
        "LSET" => list(work).and_then(|mut items| {
            if items.is_empty() {
                return Err("ERR no such key");
            }
            let (from, to) = bounds(word(1), word(1), items.len())?;
            let item = items.get_mut(from).filter(|_| to > from).ok_or("ERR index out of range")?;
            word(2).clone_into(item);
            Ok(keep(work, key, items, Reply::ok()))
        }),
        "LTRIM" => list(work).and_then(|items| {
            let (from, to) = bounds(word(1), word(2), items.len())?;
            let kept = items.get(from..to).unwrap_or_default().to_vec();
            Ok(keep(work, key, kept, Reply::ok()))
        }),
        "LREM" => list(work).and_then(|items| remove(work, key, items, word(1), word(2))),
        _ => return None,
    })
}

/// What takes items to or from an end of a list.
fn moving(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let (key, rest) = given.split_first()?;
    let list = |work: &Work<'_>, key: &str| match work.get(key) {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items.clone()),
        Some(_) => Err(WRONG_TYPE),
    };
    Some(match name {
        "LPUSH" | "RPUSH" => list(work, key).map(|mut items| {
            for item in rest {
                let at = if name == "LPUSH" { 0 } else { items.len() };
                items.insert(at, (*item).to_owned());
            }
            let length = items.len();
            keep(work, key, items, Reply::count(length))
        }),
        "LPOP" | "RPOP" => {
            list(work, key).and_then(|items| pop(work, key, items, name == "LPOP", rest.first()))
        }
        "RPOPLPUSH" | "LMOVE" => {
            let to = rest.first().copied().unwrap_or_default();
            let left =
                |n: usize, otherwise: bool| rest.get(n).map_or(otherwise, |w| w.eq_ignore_ascii_case("LEFT"));
            let (from_left, to_left) = (left(1, false), left(2, true));
            let is_side = |w: &&str| ["LEFT", "RIGHT"].iter().any(|side| w.eq_ignore_ascii_case(side));
            if !rest.iter().skip(1).all(is_side) {
                return Some(Err(SYNTAX));
            }
            list(work, key).and_then(|mut items| {
                list(work, to)?;
                if items.is_empty() {
                    return Ok(Reply::Nil);
                }
                let item = if from_left { items.remove(0) } else { items.pop().unwrap_or_default() };
                keep(work, key, items, Reply::Nil);
                let mut target = list(work, to)?;
                target.insert(if to_left { 0 } else { target.len() }, item.clone());
                Ok(keep(work, to, target, Reply::Bulk(item)))
            })
        }
        _ => return None,
    })
}

fn pop(work: &mut Work<'_>, key: &str, mut items: Vec<String>, left: bool, count: Option<&&str>) -> Done {
    let wanted = match count {
        Some(count) => count.parse::<usize>().map_err(|_| "ERR value is out of range, must be positive")?,
        None => 1,
    };
    if items.is_empty() {
        return Ok(Reply::Nil);
    }
    let wanted = wanted.min(items.len());
    let taken: Vec<String> = if left {
        items.drain(..wanted).collect()
    } else {
        items.split_off(items.len().saturating_sub(wanted)).into_iter().rev().collect()
    };
    let reply = match count {
        Some(_) => Reply::bulks(taken),
        None => taken.into_iter().next().map_or(Reply::Nil, Reply::Bulk),
    };
    Ok(keep(work, key, items, reply))
}

fn remove(work: &mut Work<'_>, key: &str, mut items: Vec<String>, count: &str, wanted: &str) -> Done {
    let count: i64 = count.parse().map_err(|_| NO_INTEGER)?;
    let most =
        if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    if count < 0 {
        items.reverse();
    }
    let (mut gone, mut kept) = (0_usize, Vec::new());
    for item in items {
        match item == wanted && gone < most {
            true => gone = gone.saturating_add(1),
            false => kept.push(item),
        }
    }
    if count < 0 {
        kept.reverse();
    }
    Ok(keep(work, key, kept, Reply::count(gone)))
}

/// Puts a list in place, or takes its key away if nothing is left.
fn keep(work: &mut Work<'_>, key: &str, items: Vec<String>, reply: Reply) -> Reply {
    match work.get_mut(key) {
        Some(value) => *value = Value::List(items),
        None if items.is_empty() => {}
        None => work.put(key, Value::List(items)),
    }
    work.tidy(key);
    reply
}

fn hashes(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let (key, rest) = given.split_first()?;
    let word = |n: usize| rest.get(n).copied().unwrap_or_default();
    let fields = match work.get(key) {
        None => BTreeMap::new(),
        Some(Value::Hash(fields)) => fields.clone(),
        Some(_) => return Some(Err(WRONG_TYPE)),
    };
    let get = |field: &str| fields.get(field).map_or(Reply::Nil, |value| Reply::Bulk(value.clone()));
    Some(Ok(match name {
        "HGET" => get(word(0)),
        "HMGET" => Reply::Array(rest.iter().map(|field| get(field)).collect()),
        "HGETALL" => Reply::bulks(fields.iter().flat_map(|(f, v)| [f.clone(), v.clone()])),
        "HKEYS" => Reply::bulks(fields.keys().cloned()),
        "HVALS" => Reply::bulks(fields.values().cloned()),
        "HLEN" => Reply::count(fields.len()),
        "HEXISTS" => Reply::Integer(i64::from(fields.contains_key(word(0)))),
        "HSET" if rest.len() % 2 == 1 => {
            return Some(Err("ERR wrong number of arguments for 'hset' command"));
        }
        "HSET" => {
            let before = fields.len();
            let Some(Value::Hash(fields)) = work.or_make(key, Value::Hash(BTreeMap::new())) else {
                return None;
            };
            let pairs = rest.chunks(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
            fields.extend(pairs.map(|(f, v)| ((*f).to_owned(), (*v).to_owned())));
            Reply::count(fields.len().saturating_sub(before))
        }
        "HDEL" => {
            let Some(Value::Hash(fields)) = work.get_mut(key) else { return Some(Ok(Reply::Integer(0))) };
            let gone = rest.iter().filter(|field| fields.remove(**field).is_some()).count();
            work.tidy(key);
            Reply::count(gone)
        }
        _ => return None,
    }))
}

fn sets(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let (key, rest) = given.split_first()?;
    if !matches!(name, "SCARD" | "SISMEMBER" | "SMEMBERS" | "SADD" | "SREM") {
        return None;
    }
    let members = match work.get(key) {
        None => BTreeSet::new(),
        Some(Value::Set(members)) => members.clone(),
        Some(_) => return Some(Err(WRONG_TYPE)),
    };
    Some(Ok(match name {
        "SCARD" => Reply::count(members.len()),
        "SISMEMBER" => Reply::Integer(i64::from(rest.first().is_some_and(|m| members.contains(*m)))),
        "SMEMBERS" => Reply::bulks(members),
        "SADD" => {
            let Some(Value::Set(members)) = work.or_make(key, Value::Set(BTreeSet::new())) else {
                return None;
            };
            Reply::count(rest.iter().filter(|member| members.insert((**member).to_owned())).count())
        }
        _ => {
            let Some(Value::Set(members)) = work.get_mut(key) else { return Some(Ok(Reply::Integer(0))) };
            let gone = rest.iter().filter(|member| members.remove(**member)).count();
            work.tidy(key);
            Reply::count(gone)
        }
    }))
}

fn sorted(work: &mut Work<'_>, name: &str, given: &[&str]) -> Option<Done> {
    let (key, rest) = given.split_first()?;
    let word = |n: usize| rest.get(n).copied().unwrap_or_default();
    let members = match work.get(key) {
        None => BTreeMap::new(),
        Some(Value::Sorted(members)) => members.clone(),
        Some(_) => return Some(Err(WRONG_TYPE)),
    };
    Some(match name {
        "ZCARD" => Ok(Reply::count(members.len())),
        "ZSCORE" => Ok(members.get(word(0)).map_or(Reply::Nil, |score| Reply::Bulk(score.to_string()))),
        "ZRANGE" => {
            let scores = rest.get(2).is_some_and(|w| w.eq_ignore_ascii_case("WITHSCORES"));
            let mut ordered: Vec<(String, f64)> = members.into_iter().collect();
            ordered.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
            bounds(word(0), word(1), ordered.len()).map(|(from, to)| {
                let part = ordered.get(from..to).unwrap_or_default().iter();
                let texts = part.flat_map(|(m, s)| [Some(m.clone()), scores.then(|| s.to_string())]);
                Reply::bulks(texts.flatten())
            })
        }
        "ZADD" => add_sorted(work, key, rest),
        "ZREM" => {
            let Some(Value::Sorted(members)) = work.get_mut(key) else { return Some(Ok(Reply::Integer(0))) };
            let gone = rest.iter().filter(|member| members.remove(**member).is_some()).count();
            work.tidy(key);
            Ok(Reply::count(gone))
        }
        _ => return None,
    })
}

/// `ZADD key [NX | XX] [GT | LT] [CH] score member …`: how many members are new, or with `CH` have another score.
fn add_sorted(work: &mut Work<'_>, key: &str, words: &[&str]) -> Done {
    let is_flag =
        |word: &&&str| ["NX", "XX", "GT", "LT", "CH"].iter().any(|flag| word.eq_ignore_ascii_case(flag));
    let (flags, pairs) = words.split_at(words.iter().take_while(is_flag).count());
    let has = |flag: &str| flags.iter().any(|word| word.eq_ignore_ascii_case(flag));
    if pairs.is_empty() || pairs.len() % 2 == 1 {
        return Err(SYNTAX);
    }
    if has("NX") && has("XX") {
        return Err("ERR XX and NX options at the same time are not compatible");
    }
    if (has("NX") && (has("GT") || has("LT"))) || (has("GT") && has("LT")) {
        return Err("ERR GT, LT, and/or NX options at the same time are not compatible");
    }
    let pair = |pair: &[&str]| {
        let score = pair.first()?.parse::<f64>().ok().filter(|score| !score.is_nan())?;
        Some(((*pair.get(1)?).to_owned(), score))
    };
    let pairs = pairs.chunks(2).map(pair).collect::<Option<Vec<_>>>();
    let pairs = pairs.ok_or("ERR value is not a valid float")?;
    let Some(Value::Sorted(members)) = work.or_make(key, Value::Sorted(BTreeMap::new())) else {
        return Err(WRONG_TYPE);
    };
    let mut count: usize = 0;
    for (member, score) in pairs {
        let before = members.get(&member).copied();
        let is_wanted = match before {
            None => !has("XX"),
            Some(old) => !has("NX") && (!has("GT") || score > old) && (!has("LT") || score < old),
        };
        if is_wanted {
            members.insert(member, score);
            let counts = before.is_none_or(|old| has("CH") && old.total_cmp(&score).is_ne());
            count = count.saturating_add(usize::from(counts));
        }
    }
    work.tidy(key);
    Ok(Reply::count(count))
}
