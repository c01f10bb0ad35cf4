// Syslog as it comes over the wire and as it lies in files.
#pragma once

#include <memory>

#include "common/process/parser.h"

namespace process {

// Recognised by content:
//
//   <165>1 2003-10-11T22:14:15.003Z host app 8710 ID47 [exampleSDID@32473 iut="3"] message      RFC 5424
//   <34>Oct 11 22:14:15 host su[812]: message                                                   RFC 3164
//   Oct 11 22:14:15 host su[812]: message                  as rsyslog and syslogd write files: without facility,
//   severity 2003-10-11T22:14:15.003+02:00 host su[812]: message    as rsyslog does nowadays
//
// Fields, as far as the line has them ("-" says that it has not): facility and severity by name, timestamp, hostname,
// appname, procid, msgid, structured_data.ID.NAME, message. A line that begins with <PRI> and no time is a message with
// facility and severity; without <PRI> a time is needed. The timestamp stays a text: `timestamp` makes a time of it.
std::unique_ptr<Parser> make_syslog_parser();

}  // namespace process
