// SPDX-License-Identifier: Apache-2.0
//
// Fixed texts put together: which fields go with which status.
#include "gateway/http/response_head.h"

#include <array>

#include "gateway/http/accept_key.h"
#include "gateway/http/http_date.h"
#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

/// The fields that only some statuses have, as whole lines.
std::string_view FieldsOf(const Refusal& refusal) {
  switch (refusal.status) {
    case Status::kMethodNotAllowed:
      return refusal.allow == Allow::kGet ? "Allow: GET\r\n" : "Allow: GET, HEAD\r\n";
    case Status::kUpgradeRequired:
      return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    case Status::kTooManyRequests:
    case Status::kServiceUnavailable:
      return "Retry-After: 1\r\n";
    default:
      return "";
  }
}

void WriteDate(int64_t now_s, Writer& writer) {
  std::array<char, kHttpDateBytes> date;
  const size_t bytes = now_s == 0 ? 0 : BuildHttpDate(now_s, date);
  if (bytes > 0) writer.Field("Date", {date.data(), bytes});
}

/// What the connection is for from now on.
std::string_view ConnectionOf(Status status, AfterAnswer after) {
  if (status == Status::kUpgradeRequired) return "Connection: upgrade, close\r\n";
  return ConnectionLine(after);
}

}  // namespace

std::string_view ConnectionLine(AfterAnswer after) {
  switch (after) {
    case AfterAnswer::kKeepOpen:
      break;
    case AfterAnswer::kKeepOpenAsAsked:
      return "Connection: keep-alive\r\n";
    case AfterAnswer::kClose:
      return "Connection: close\r\n";
  }
  return "";
}

std::string_view ReasonPhrase(Status status) {
  switch (status) {
    case Status::kSwitchingProtocols:
      return "Switching Protocols";
    case Status::kOk:
      return "OK";
    case Status::kPartialContent:
      return "Partial Content";
    case Status::kMovedPermanently:
      return "Moved Permanently";
    case Status::kNotModified:
      return "Not Modified";
    case Status::kBadRequest:
      return "Bad Request";
    case Status::kForbidden:
      return "Forbidden";
    case Status::kNotFound:
      return "Not Found";
    case Status::kMethodNotAllowed:
      return "Method Not Allowed";
    case Status::kRequestTimeout:
      return "Request Timeout";
    case Status::kPreconditionFailed:
      return "Precondition Failed";
    case Status::kPayloadTooLarge:
      return "Content Too Large";
    case Status::kUriTooLong:
      return "URI Too Long";
    case Status::kRangeNotSatisfiable:
      return "Range Not Satisfiable";
    case Status::kUpgradeRequired:
      return "Upgrade Required";
    case Status::kTooManyRequests:
      return "Too Many Requests";
    case Status::kHeadTooLarge:
      return "Request Header Fields Too Large";
    case Status::kInternalError:
      return "Internal Server Error";
    case Status::kNotImplemented:
      return "Not Implemented";
    case Status::kBadGateway:
      return "Bad Gateway";
    case Status::kServiceUnavailable:
      return "Service Unavailable";
    case Status::kGatewayTimeout:
      return "Gateway Timeout";
    case Status::kVersionNotSupported:
      return "HTTP Version Not Supported";
  }
  return "";
}

size_t BuildUpgradeResponse(std::string_view websocket_key, std::string_view subprotocol,
                            std::span<char> out) {
  const std::array<char, kAcceptBytes> accept = WebSocketAccept(websocket_key);
  Writer writer(out);
  writer.Text("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
      .Text("Sec-WebSocket-Accept: ")
      .Text({accept.data(), accept.size()});
  if (!subprotocol.empty()) writer.Text("\r\nSec-WebSocket-Protocol: ").Text(subprotocol);
  return writer.Text("\r\n\r\n").Finish();
}

// The scan skips one empty line in front of a request, so it may stand here too.
AnswerBody AnswerBodyOf(std::string_view request) {
  if (request.starts_with("\r\n")) request.remove_prefix(2);
  return request.starts_with("HEAD ") ? AnswerBody::kOmitted : AnswerBody::kSent;
}

size_t BuildRefusal(const Refusal& refusal, std::span<char> out, AnswerBody body, AfterAnswer after,
                    int64_t now_s) {
  Writer writer(out);
  writer.Text("HTTP/1.1 ")
      .Number(static_cast<size_t>(refusal.status))
      .Text(" ")
      .Text(ReasonPhrase(refusal.status))
      .Text("\r\n");
  WriteDate(now_s, writer);
  writer.Text("Content-Type: text/plain; charset=utf-8\r\nContent-Length: ")
      .Number(refusal.reason.size() + 1)
      .Text("\r\n")
      .Text(FieldsOf(refusal))
      .Text(ConnectionOf(refusal.status, after))
      .Text("\r\n");
  if (body == AnswerBody::kSent) writer.Text(refusal.reason).Text("\n");
  return writer.Finish();
}

size_t BuildSlashRedirect(std::string_view path, std::string_view query, AfterAnswer after,
                          std::span<char> out, int64_t now_s) {
  Writer writer(out);
  writer.Text("HTTP/1.1 301 Moved Permanently\r\n");
  WriteDate(now_s, writer);
  writer.Text("Content-Length: 0\r\nLocation: ");
  // "//host" would be another server's address (RFC 3986 4.2).
  while (path.starts_with("//")) path.remove_prefix(1);
  writer.Text(path).Text("/");
  if (!query.empty()) writer.Text("?").Text(query);
  return writer.Text("\r\n")
      .Text(ConnectionOf(Status::kMovedPermanently, after))
      .Text("\r\n")
      .Finish();
}

}  // namespace ringway::http
