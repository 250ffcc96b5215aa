#include "net/xml_rpc.h"

#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace squall::net {
namespace {

using testing::HasSubstr;

std::string answer(std::string_view value) {
  return fmt::format(
      "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{}</value>\n</param>\n"
      "</params>\n</methodResponse>\n",
      value);
}
std::string parsed(std::string_view text) {
  const Result<json::value> value = parse_xml_rpc(text);
  return value.ok() ? canonical_json(*value) : value.error().render();
}

TEST(XmlRpc, RendersACall) {
  EXPECT_EQ(render_xml_rpc({.method = "a.b", .arguments = {"<x> & y", 7, true}}),
            "<?xml version=\"1.0\"?><methodCall><methodName>a.b</methodName><params>"
            "<param><value><string>&lt;x&gt; &amp; y</string></value></param>"
            "<param><value><int>7</int></value></param>"
            "<param><value><boolean>1</boolean></value></param></params></methodCall>");
}

TEST(XmlRpc, ReadsEveryTypeOfValue) {
  EXPECT_EQ(parsed(answer("<int>-4</int>")), "-4");
  EXPECT_EQ(parsed(answer("<i4>4</i4>")), "4");
  EXPECT_EQ(parsed(answer("<boolean>1</boolean>")), "true");
  EXPECT_EQ(parsed(answer("<string>a &lt;b&gt; &#228;&#x20ac;</string>")), "\"a <b> ä€\"");
  EXPECT_EQ(parsed(answer("plain")), "\"plain\"");
  EXPECT_EQ(parsed(answer("<nil/>")), "null");
  EXPECT_EQ(parsed(answer("<array><data><value><int>1</int></value>\n<value>b</value></data>"
                          "</array>")),
            R"([1,"b"])");
  EXPECT_EQ(parsed(answer("<struct>\n<member>\n<name>pid</name>\n<value><int>7</int></value>\n"
                          "</member>\n</struct>")),
            R"({"pid":7})");
}

TEST(XmlRpc, PassesAFaultOnInTheServersWords) {
  const Result<json::value> value = parse_xml_rpc(
      "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10</int>"
      "</value></member><member><name>faultString</name><value><string>BAD_NAME: ghost</string>"
      "</value></member></struct></value></fault></methodResponse>");
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::failed);
  EXPECT_EQ(value.error().message, "BAD_NAME: ghost");
}

TEST(XmlRpc, TakesNothingElseForAnAnswer) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<array><data><value>";
  for (const std::string& text :
       {std::string(), std::string("<html>"), answer("<int>4"), answer("<int>four</int>"),
        answer("<int>99999999999999999999</int>"), answer("<boolean>2</boolean>"), answer(deep),
        answer("<string>&unknown;</string>"), answer("<string>&#xD800;</string>"),
        answer("<string>& alone</string>"), std::string("<?xml version='1.0'")}) {
    EXPECT_THAT(parsed(text), HasSubstr("no answer in XML-RPC")) << text;
  }
}

TEST(XmlRpc, CallsOverAUnixSocket) {
  std::string folder = testing::TempDir() + "squall-xml-rpc-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string body = answer("<int>7</int>");
  for (const auto& [status, wanted] : {std::pair("200 OK", "7"),
                                       {"401 Unauthorized", "wants a user and a password"},
                                       {"500 Broken", "answered with the HTTP status 500"}}) {
    const std::string path = folder + "/" + std::string(status, 3);
    const TestServer server(answer_with(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}",
                                                    status, body.size(), body)),
                            path);
    sys::Patience patience(seconds(10));
    const auto value = call_xml_rpc({.unix_path = path, .method = "a.b"}, patience);
    EXPECT_THAT(value.ok() ? canonical_json(*value) : value.error().render(), HasSubstr(wanted));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace squall::net
