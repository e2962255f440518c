// SPDX-License-Identifier: Apache-2.0
//
// The calendar is the standard library's; the three grammars of RFC 9110 5.6.7 are here.
#include "gateway/http/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
/// Of a day or a month in its short form.
constexpr size_t kShortNameBytes = 3;

constexpr int64_t kDaySeconds = 86400;
/// The years of four digits.
constexpr int64_t kUnixMin = sys_seconds(sys_days(year(0) / 1 / 1)).time_since_epoch().count();
constexpr int64_t kUnixMax =
    sys_seconds(sys_days(year(9999) / 12 / 31)).time_since_epoch().count() + kDaySeconds - 1;
/// RFC 9110 5.6.7: a date that seems to be later than this was meant a century earlier.
constexpr int kYearsAheadMax = 50;

/// A date as it was written. Names are indices.
struct DateParts {
  unsigned weekday = 0;
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;

  [[nodiscard]] int64_t SecondOfDay() const {
    return (static_cast<int64_t>(hour) * 60 + minute) * 60 + second;
  }
};

/// Takes a text apart from the front; each says whether it was there.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  bool Text(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool Digits(size_t count, unsigned* number) {
    if (rest_.size() < count) return false;
    unsigned value = 0;
    for (const char digit : rest_.substr(0, count)) {
      if (digit < '0' || digit > '9') return false;
      value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    rest_.remove_prefix(count);
    *number = value;
    return true;
  }

  /// One of the names, or what they begin with: the first `name_bytes` of each.
  bool Name(std::span<const std::string_view> names, size_t name_bytes, unsigned* index) {
    for (size_t at = 0; at < names.size(); ++at) {
      if (!Text(names[at].substr(0, name_bytes))) continue;
      *index = static_cast<unsigned>(at);
      return true;
    }
    return false;
  }

  bool Month(unsigned* index) { return Name(kMonthNames, kShortNameBytes, index); }

  bool TimeOfDay(DateParts* parts) {
    return Digits(2, &parts->hour) && Text(":") && Digits(2, &parts->minute) && Text(":") &&
           Digits(2, &parts->second);
  }

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
bool ReadImfFixdate(std::string_view text, DateParts* parts) {
  DateReader reader(text);
  return reader.Name(kDayNames, kShortNameBytes, &parts->weekday) && reader.Text(", ") &&
         reader.Digits(2, &parts->day) && reader.Text(" ") && reader.Month(&parts->month) &&
         reader.Text(" ") && reader.Digits(4, &parts->year) && reader.Text(" ") &&
         reader.TimeOfDay(parts) && reader.Text(" GMT") && reader.AtEnd();
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"; `parts->year` is 0 to 99.
bool ReadRfc850(std::string_view text, DateParts* parts) {
  DateReader reader(text);
  return reader.Name(kDayNames, std::string_view::npos, &parts->weekday) && reader.Text(", ") &&
         reader.Digits(2, &parts->day) && reader.Text("-") && reader.Month(&parts->month) &&
         reader.Text("-") && reader.Digits(2, &parts->year) && reader.Text(" ") &&
         reader.TimeOfDay(parts) && reader.Text(" GMT") && reader.AtEnd();
}

/// "Sun Nov  6 08:49:37 1994"
bool ReadAsctime(std::string_view text, DateParts* parts) {
  DateReader reader(text);
  return reader.Name(kDayNames, kShortNameBytes, &parts->weekday) && reader.Text(" ") &&
         reader.Month(&parts->month) && reader.Text(" ") &&
         (reader.Text(" ") ? reader.Digits(1, &parts->day) : reader.Digits(2, &parts->day)) &&
         reader.Text(" ") && reader.TimeOfDay(parts) && reader.Text(" ") &&
         reader.Digits(4, &parts->year) && reader.AtEnd();
}

year_month_day CalendarDay(int wanted_year, const DateParts& parts) {
  return {year(wanted_year), std::chrono::month(parts.month + 1), std::chrono::day(parts.day)};
}

/// The year that two digits stand for.
int YearOfTwoDigits(const DateParts& parts, int64_t now_s) {
  const sys_seconds now(seconds(std::clamp(now_s, kUnixMin, kUnixMax)));
  const sys_days now_day = std::chrono::floor<days>(now);
  const year_month_day today(now_day);
  const int latest = static_cast<int>(today.year()) + kYearsAheadMax;
  int found = latest / 100 * 100 + static_cast<int>(parts.year);
  if (found > latest) found -= 100;
  // In the very year it depends on the day, and on that day on the second.
  const year_month_day day = CalendarDay(found - kYearsAheadMax, parts);
  const bool is_later =
      day > today || (day == today && seconds(parts.SecondOfDay()) > now - now_day);
  return is_later ? found - 100 : found;
}

std::optional<int64_t> UnixSeconds(int wanted_year, const DateParts& parts) {
  const year_month_day date = CalendarDay(wanted_year, parts);
  if (!date.ok()) return std::nullopt;
  const bool leaps = parts.hour == 23 && parts.minute == 59 && parts.second == 60;
  if (parts.hour > 23 || parts.minute > 59 || (parts.second > 59 && !leaps)) return std::nullopt;
  const sys_days day(date);
  if (std::chrono::weekday(day).c_encoding() != parts.weekday) return std::nullopt;
  const int64_t unix_s = sys_seconds(day).time_since_epoch().count() + parts.SecondOfDay();
  // Two digits may mean a century that four cannot write.
  if (unix_s < kUnixMin || unix_s > kUnixMax) return std::nullopt;
  return unix_s;
}

void WriteTwoDigits(unsigned number, Writer& writer) {
  const char digits[2] = {static_cast<char>('0' + number / 10),
                          static_cast<char>('0' + number % 10)};
  writer.Text({digits, 2});
}

}  // namespace

size_t BuildHttpDate(int64_t unix_s, std::span<char> out) {
  if (unix_s < kUnixMin || unix_s > kUnixMax) return 0;
  const sys_seconds time{seconds(unix_s)};
  const sys_days day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const auto second_of_day = static_cast<unsigned>((time - day).count());
  const auto year_number = static_cast<unsigned>(static_cast<int>(date.year()));
  Writer writer(out);
  writer.Text(kDayNames[std::chrono::weekday(day).c_encoding()].substr(0, kShortNameBytes));
  writer.Text(", ");
  WriteTwoDigits(static_cast<unsigned>(date.day()), writer);
  writer.Text(" ").Text(kMonthNames[static_cast<unsigned>(date.month()) - 1]).Text(" ");
  WriteTwoDigits(year_number / 100, writer);
  WriteTwoDigits(year_number % 100, writer);
  writer.Text(" ");
  WriteTwoDigits(second_of_day / 3600, writer);
  writer.Text(":");
  WriteTwoDigits(second_of_day / 60 % 60, writer);
  writer.Text(":");
  WriteTwoDigits(second_of_day % 60, writer);
  return writer.Text(" GMT").Finish();
}

std::optional<int64_t> ParseHttpDate(std::string_view text, int64_t now_s) {
  DateParts parts;
  if (ReadImfFixdate(text, &parts) || ReadAsctime(text, &parts)) {
    return UnixSeconds(static_cast<int>(parts.year), parts);
  }
  if (ReadRfc850(text, &parts)) return UnixSeconds(YearOfTwoDigits(parts, now_s), parts);
  return std::nullopt;
}

}  // namespace ringway::http
