// What the center's JSON says, as cells of a table. For .cpp files of this folder.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "center/ctl/api_client.h"

namespace center::ctl {

// Control characters of others move no cursor here.
std::string printable(std::string_view text);

// A member as text; "" where there is none. Tables are shown as `a=b,c=d`, lists as `a,b`.
std::string cell(const boost::json::value& object, std::string_view member);
double number(const boost::json::value& object, std::string_view member);

// The list in an answer: itself, or its only list.
const boost::json::array& list_in(const boost::json::value& answer);

// Says what went wrong, each detail on a line of its own; the exit code. `file`: where the details' lines are.
int complain(const CallError& error, const std::string& file = "");
int complain(const std::string& message, int exit_code);

void print_json(const boost::json::value& answer);

}  // namespace center::ctl
