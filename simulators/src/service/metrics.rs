//! Metrics as the dependents make them, and the alarms over them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::observability::Watch;
use super::{arn, databases, functions};
use crate::World;
use crate::call::{Answer, Call, Refusal};
use crate::clock::{DAY_S, MINUTE_S, Time};
use crate::dependents;

/// A metric that is simulated.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    /// The dimension that names the resource, and the resource's type.
    dimension: &'static str,
    kind: &'static str,
    unit: &'static str,
    sample: fn(requests: u64, failed: u64, period_s: i64) -> Sample,
}

/// An answer holds no more datapoints.
const POINTS_MAX: i64 = 1_440;

/// What a period of a metric holds.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Sample {
    sum: f64,
    count: f64,
    least: f64,
    most: f64,
}

/// Requests that each count one, of which `hits` count for the metric.
#[expect(clippy::cast_precision_loss, reason = "requests in a period are few")]
fn of_requests(hits: u64, requests: u64) -> Sample {
    let least = if hits == requests { 1.0 } else { 0.0 };
    let most = if hits > 0 { 1.0 } else { 0.0 };
    Sample { sum: hits as f64, count: requests as f64, least, most }
}

/// Each minute's requests that got through hold their connections for a moment; a pool keeps two.
#[expect(clippy::cast_precision_loss, reason = "connections are few")]
fn connections(requests: u64, failed: u64, period_s: i64) -> Sample {
    let minutes = u64::try_from(period_s / MINUTE_S).unwrap_or(1).max(1);
    let through = requests.saturating_sub(failed);
    let open = if through == 0 { 0.0 } else { (2 + through.div_ceil(minutes)) as f64 };
    Sample { sum: open * minutes as f64, count: minutes as f64, least: open, most: open }
}

const API: &str = "AWS::ApiGateway::RestApi";
const FUNCTION: &str = "AWS::Lambda::Function";
const INSTANCE: &str = "AWS::RDS::DBInstance";

const METRICS: &[Metric] = &[
    metric("AWS/ApiGateway", "Count", "ApiName", API, |all, _, _| of_requests(all, all)),
    metric("AWS/ApiGateway", "5XXError", "ApiName", API, |all, failed, _| of_requests(failed, all)),
    metric("AWS/ApiGateway", "4XXError", "ApiName", API, |all, _, _| of_requests(0, all)),
    metric("AWS/Lambda", "Invocations", "FunctionName", FUNCTION, |all, _, _| of_requests(all, all)),
    metric("AWS/Lambda", "Errors", "FunctionName", FUNCTION, |all, failed, _| of_requests(failed, all)),
    metric("AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", INSTANCE, connections),
];

const fn metric(
    namespace: &'static str,
    name: &'static str,
    dimension: &'static str,
    kind: &'static str,
    sample: fn(u64, u64, i64) -> Sample,
) -> Metric {
    Metric { namespace, name, dimension, kind, unit: "Count", sample }
}

fn find(namespace: &str, name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.namespace == namespace && metric.name == name)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the dimensions name a resource that stands, or none at all.
fn stands(world: &World, metric: &Metric, dimensions: &Value) -> bool {
    let named = dimensions.as_array().into_iter().flatten().find(|d| text(d, "Name") == metric.dimension);
    named.is_none_or(|dimension| {
        let name = text(dimension, "Value");
        match metric.kind {
            INSTANCE => databases::uid(world, name).is_some(),
            _ => functions::uid(world, name).is_some(),
        }
    })
}

/// The periods with anything in them, oldest first.
fn samples(world: &World, metric: &Metric, from: Time, to: Time, period_s: i64) -> Vec<(Time, Sample)> {
    let counts = dependents::counts(world, from, to, period_s);
    let any = counts.into_iter().filter(|(_, requests, _)| *requests > 0);
    any.map(|(at, requests, failed)| (at, (metric.sample)(requests, failed, period_s))).collect()
}

fn statistic(sample: Sample, name: &str) -> Option<f64> {
    match name {
        "Sum" => Some(sample.sum),
        "SampleCount" => Some(sample.count),
        "Average" => Some(sample.sum / sample.count),
        "Minimum" => Some(sample.least),
        "Maximum" => Some(sample.most),
        _ => None,
    }
}

pub(super) fn statistics(world: &mut World, call: &Call) -> Answer {
    let wrong = |code: &str, text: &str| Err(Refusal::new(code, text));
    let names = call.texts("Statistics");
    if names.is_empty() {
        return wrong("InvalidParameterCombination", "At least one of the statistics must be given.");
    }
    let (start, end) =
        (call.text("StartTime").and_then(Time::parse), call.text("EndTime").and_then(Time::parse));
    let (Some(start), Some(end)) = (start, end) else {
        return wrong("ValidationError", "StartTime and EndTime must be times in ISO 8601");
    };
    let period_s = call.number("Period").unwrap_or(MINUTE_S);
    if start >= end {
        let text = "The parameter StartTime must be less than the parameter EndTime.";
        return wrong("InvalidParameterCombination", text);
    }
    if period_s <= 0 || period_s % MINUTE_S != 0 {
        return wrong("InvalidParameterValue", "The parameter Period must be a multiple of 60.");
    }
    if end.since(start) / period_s > POINTS_MAX {
        let text = "More than 1,440 datapoints were asked for; make Period longer or the time shorter.";
        return wrong("InvalidParameterCombination", text);
    }
    let label = call.text("MetricName").unwrap_or_default();
    let dimensions = call.args.get("Dimensions").cloned().unwrap_or_default();
    let found = find(call.text("Namespace").unwrap_or_default(), label);
    let found = found.filter(|metric| stands(world, metric, &dimensions));
    let points = found.into_iter().flat_map(|metric| {
        samples(world, metric, start, end, period_s).into_iter().map(|(at, sample)| {
            let mut point = Map::new();
            point.insert("Timestamp".to_owned(), json!(at));
            for name in &names {
                point.extend(statistic(sample, name).map(|value| ((*name).to_owned(), json!(value))));
            }
            point.insert("Unit".to_owned(), json!(metric.unit));
            Value::Object(point)
        })
    });
    Ok(json!({"Label": label, "Datapoints": points.collect::<Vec<_>>()}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    let asked = call.args.get("Dimensions").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut metrics = Vec::new();
    for metric in METRICS {
        if !fits(call.text("Namespace"), metric.namespace) || !fits(call.text("MetricName"), metric.name) {
            continue;
        }
        for resource in world.resources().filter(|r| r.destroyed.is_none() && r.kind == metric.kind) {
            let dimension = json!({"Name": metric.dimension, "Value": resource.name});
            let wanted = |ask: &Value| {
                text(ask, "Name") == metric.dimension
                    && ask.get("Value").is_none_or(|value| *value == resource.name.as_str())
            };
            if asked.iter().all(wanted) {
                metrics.push(json!({
                    "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": [dimension],
                }));
            }
        }
    }
    Ok(json!({"Metrics": metrics}))
}

/// What an alarm watches, read from its settings.
struct Rule {
    metric: Option<&'static Metric>,
    statistic: String,
    threshold: f64,
    comparison: String,
    period_s: i64,
    periods: i64,
    missing: String,
}

/// A number, also where the template wrote it as a text.
fn number(settings: &Value, name: &str) -> Option<f64> {
    let value = settings.get(name)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[expect(clippy::cast_possible_truncation, reason = "periods are small whole numbers")]
fn whole(settings: &Value, name: &str, default: i64) -> i64 {
    number(settings, name).map_or(default, |number| number as i64).max(1)
}

impl Rule {
    fn read(settings: &Value) -> Self {
        let or = |name: &str, default: &str| match text(settings, name) {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        Self {
            metric: find(text(settings, "Namespace"), text(settings, "MetricName")),
            statistic: or("Statistic", "Sum"),
            threshold: number(settings, "Threshold").unwrap_or(0.0),
            comparison: or("ComparisonOperator", "GreaterThanOrEqualToThreshold"),
            period_s: whole(settings, "Period", 300),
            periods: whole(settings, "EvaluationPeriods", 1),
            missing: or("TreatMissingData", "missing"),
        }
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison.as_str() {
            "GreaterThanThreshold" => value > self.threshold,
            "LessThanThreshold" => value < self.threshold,
            "LessThanOrEqualToThreshold" => value <= self.threshold,
            _ => value >= self.threshold,
        }
    }

    /// Where the last whole period before a time ends.
    fn last_end(&self, at: Time) -> Time {
        Time::from_unix(at.unix() - at.unix().rem_euclid(self.period_s))
    }

    /// The statistic of each period that has data, by the period's beginning.
    fn values(&self, world: &World, from: Time, to: Time) -> BTreeMap<Time, f64> {
        let samples = self.metric.map(|metric| samples(world, metric, from, to, self.period_s));
        let named = samples.into_iter().flatten();
        named.filter_map(|(at, sample)| Some((at, statistic(sample, &self.statistic)?))).collect()
    }

    /// State and reason, by the periods that end at `end`.
    fn state(&self, values: &BTreeMap<Time, f64>, end: Time) -> (&'static str, String) {
        let from = end.plus(-self.period_s.saturating_mul(self.periods));
        let last: Vec<f64> = values.range(from..end).map(|(_, value)| *value).collect();
        let breaching = last.iter().filter(|value| self.breaches(**value)).count();
        let want = usize::try_from(self.periods).unwrap_or(1);
        let counted = match self.missing.as_str() {
            "breaching" => breaching + want.saturating_sub(last.len()),
            _ => breaching,
        };
        let facts = format!(
            "{breaching} of the last {want} datapoints {last:?} crossed the threshold ({:?}) ({}).",
            self.threshold, self.comparison
        );
        match last.len() {
            0 if self.missing == "missing" => {
                ("INSUFFICIENT_DATA", "No data came for the metric.".to_owned())
            }
            _ if counted >= want => ("ALARM", facts),
            _ => ("OK", facts),
        }
    }

    /// State, reason, and since when, looking back a day at the most.
    fn history(&self, world: &World, created: Time) -> (&'static str, String, Time) {
        let end = self.last_end(world.now());
        // A question to the dependents spans no more periods than a metric's answer holds.
        let back = DAY_S.min(self.period_s.saturating_mul(POINTS_MAX - self.periods));
        let oldest = self.last_end(created).max(end.plus(-back));
        let values = self.values(world, oldest.plus(-self.period_s.saturating_mul(self.periods)), end);
        let (state, reason) = self.state(&values, end);
        let mut since = end;
        while since > oldest && self.state(&values, since.plus(-self.period_s)).0 == state {
            since = since.plus(-self.period_s);
        }
        (state, reason, since.max(created.min(end)))
    }
}

pub(super) fn describe_alarms(world: &mut World, call: &Call) -> Answer {
    let names = call.texts("AlarmNames");
    let prefix = call.text("AlarmNamePrefix").unwrap_or_default();
    let alarms = world.observability.alarms.iter();
    let alarms = alarms.filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()));
    let shown =
        alarms.filter(|(name, _)| name.starts_with(prefix)).map(|(name, watch)| shown(world, name, watch));
    let wanted = call.text("StateValue");
    let shown = shown.filter(|alarm| wanted.is_none_or(|wanted| text(alarm, "StateValue") == wanted));
    Ok(json!({"MetricAlarms": shown.collect::<Vec<_>>(), "CompositeAlarms": []}))
}

fn shown(world: &World, name: &str, watch: &Watch) -> Value {
    let rule = Rule::read(&watch.settings);
    let (state, reason, since) = rule.history(world, watch.changed);
    let list = |name: &str| watch.settings.get(name).cloned().unwrap_or_else(|| json!([]));
    json!({
        "AlarmName": name,
        "AlarmArn": arn::of_target(world, "cloudwatch:DescribeAlarms", name),
        "AlarmDescription": text(&watch.settings, "AlarmDescription"),
        "AlarmConfigurationUpdatedTimestamp": watch.changed,
        "ActionsEnabled": true,
        "OKActions": list("OKActions"),
        "AlarmActions": list("AlarmActions"),
        "InsufficientDataActions": [],
        "StateValue": state,
        "StateReason": reason,
        "StateUpdatedTimestamp": since,
        "MetricName": text(&watch.settings, "MetricName"),
        "Namespace": text(&watch.settings, "Namespace"),
        "Statistic": rule.statistic,
        "Dimensions": list("Dimensions"),
        "Period": rule.period_s,
        "EvaluationPeriods": rule.periods,
        "Threshold": rule.threshold,
        "ComparisonOperator": rule.comparison,
        "TreatMissingData": rule.missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Time {
        Time::from_unix(minute * MINUTE_S)
    }

    #[test]
    fn an_alarm_follows_its_rule() {
        let settings = json!({
            "Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Statistic": "Sum", "Threshold": "5",
            "Period": 60, "EvaluationPeriods": 2, "ComparisonOperator": "GreaterThanThreshold",
        });
        let values = BTreeMap::from([(at(1), 6.0), (at(2), 7.0), (at(3), 0.0)]);
        let state = |settings: &Value, end| Rule::read(settings).state(&values, end).0;
        assert_eq!(state(&settings, at(1)), "INSUFFICIENT_DATA");
        assert_eq!(state(&settings, at(2)), "OK");
        assert_eq!(state(&settings, at(3)), "ALARM");
        assert_eq!(state(&settings, at(4)), "OK");
        let mut strict = settings.clone();
        strict["TreatMissingData"] = json!("breaching");
        assert_eq!((state(&strict, at(1)), state(&strict, at(2))), ("ALARM", "ALARM"));
    }

    #[test]
    fn statistics_of_requests() {
        let errors = find("AWS/ApiGateway", "5XXError").unwrap();
        let sample = (errors.sample)(20, 5, 300);
        let all = ["Sum", "SampleCount", "Average", "Minimum", "Maximum"].map(|name| statistic(sample, name));
        assert_eq!(all, [Some(5.0), Some(20.0), Some(0.25), Some(0.0), Some(1.0)]);
        let open = find("AWS/RDS", "DatabaseConnections").unwrap();
        assert_eq!(statistic((open.sample)(20, 20, 300), "Maximum"), Some(0.0));
        assert_eq!(statistic((open.sample)(20, 5, 300), "Maximum"), Some(5.0));
    }
}
