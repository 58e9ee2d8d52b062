import Crema
import Glibc

/// A moment in the local time zone, to the microsecond.
package struct LocalTime: Sendable {
  let year: Int, month: Int, day: Int
  let hour: Int, minute: Int, second: Int, microsecond: Int

  /// A moment by its parts; months and days count from 1.
  package init(
    year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, microsecond: Int
  ) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second, self.microsecond) = (hour, minute, second, microsecond)
  }

  /// Now.
  static var now: LocalTime {
    var moment = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &moment)
    var parts = unsafe tm()
    unsafe localtime_r(&moment.tv_sec, &parts)
    return unsafe LocalTime(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday), hour: Int(parts.tm_hour),
      minute: Int(parts.tm_min), second: Int(parts.tm_sec), microsecond: moment.tv_nsec / 1000)
  }

  /// `1123`.
  var monthAndDay: String { zeroPadded(month, 2) + zeroPadded(day, 2) }
  /// `16:42:42`.
  var clock: String { "\(zeroPadded(hour, 2)):\(zeroPadded(minute, 2)):\(zeroPadded(second, 2))" }
  /// `16:42:42.038776`.
  var preciseClock: String { "\(clock).\(zeroPadded(microsecond, 6))" }
  /// `20261123-164242`.
  var stamp: String { "\(year)\(monthAndDay)-\(zeroPadded(hour, 2))\(zeroPadded(minute, 2))\(zeroPadded(second, 2))" }
  /// `2026/11/23 16:42:42`.
  var dateAndClock: String { "\(year)/\(zeroPadded(month, 2))/\(zeroPadded(day, 2)) \(clock)" }
}
