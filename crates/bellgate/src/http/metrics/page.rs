//! Writing metric families one after the other.

use std::fmt::Error;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Name, help and label of a family.
type Family<'a> = (&'a str, &'a str, &'a str);

/// One metric family after the other.
pub(super) struct Page<'a, 'b>(pub(super) &'a mut DescriptorEncoder<'b>);

impl Page<'_, '_> {
    /// What only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        self.one(name, help, None, &ConstCounter::new(value))
    }

    /// A time that only grows.
    pub(super) fn seconds_counter(
        &mut self,
        name: &str,
        help: &str,
        value: f64,
    ) -> Result<(), Error> {
        self.one(name, help, Some(&Unit::Seconds), &ConstCounter::new(value))
    }

    /// What is there now.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        self.one(name, help, None, &ConstGauge::new(value))
    }

    /// A time that is true now.
    pub(super) fn seconds(&mut self, name: &str, help: &str, value: f64) -> Result<(), Error> {
        self.one(name, help, Some(&Unit::Seconds), &ConstGauge::new(value))
    }

    /// Counters by the value of a label.
    pub(super) fn counters(
        &mut self,
        family: Family<'_>,
        values: &[(&str, u64)],
    ) -> Result<(), Error> {
        self.many(family, values, ConstCounter::new)
    }

    /// Gauges by the value of a label.
    pub(super) fn gauges(
        &mut self,
        family: Family<'_>,
        values: &[(&str, u64)],
    ) -> Result<(), Error> {
        self.many(family, values, ConstGauge::new)
    }

    fn one(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        metric: &impl EncodeMetric,
    ) -> Result<(), Error> {
        metric.encode(
            self.0
                .encode_descriptor(name, help, unit, metric.metric_type())?,
        )
    }

    fn many<M: EncodeMetric>(
        &mut self,
        (name, help, label): Family<'_>,
        values: &[(&str, u64)],
        make: fn(u64) -> M,
    ) -> Result<(), Error> {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, make(0).metric_type())?;
        for (value, count) in values {
            make(*count).encode(family.encode_family(&[(label, *value)])?)?;
        }
        Ok(())
    }
}
