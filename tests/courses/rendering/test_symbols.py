import pytest

from courses.rendering.symbols import enclosing_symbol

CPP = """\
#include "a.h"
#define OPEN {
namespace Envoy {
namespace {

constexpr int limit = 3;

int helper(const std::string& text) {
  return text == "}" ? 1 : '{';
}

} // namespace

class Pool : public Base {
public:
  Pool(int size) : size_{size} {}
  ~Pool() override;
  int size() const { return size_; }

private:
  struct Entry {
    int value;
  };
  int size_{0};
};

Pool::Pool(Factory& factory)
    : watcher_("Pool", [this]() { done(); }), size_{1} {
  start();
  auto later = [this](int n) {
    if (n > 0) {
      finish(n);
    }
  };
}

enum class Kind Pool::kind(int n) const {
  switch (n) {
  case 1: {
    return Kind::One;
  }
  }
}

template <typename T> absl::Status Pool::add(
    T value,
    bool last) {
  return value;
}
} // namespace Envoy
"""
RUST = """\
use std::fmt; // {
const LIMIT: usize = 3;

/// A pool { of things
#[derive(Clone)]
pub struct Pool<T> {
    size: usize,
}

impl<T: Send> Pool<T> {
    pub async fn connect<'a>(&'a self, key: &str) -> Result<T, Error> {
        let open = '{';
        match key {
            "{" => { self.fail() }
            _ => Ok(r#"}"#),
        }
    }
}

impl<T> fmt::Display for Pool<T>
where
    T: Send,
{
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.size)
    }
}

mod tests {
    fn it_works() {
        assert!(true);
    }
}
"""


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("first", "last", "symbol"),
    [
        ('text == "}"', 'text == "}"', "helper"),
        ("return size_;", "return size_;", "Pool::size"),
        ("int value;", "int value;", "Pool::Entry"),
        ("int size_{0};", "int size_{0};", "Pool"),
        ("class Pool", "int size_{0};", "Pool"),
        ("start();", "start();", "Pool::Pool"),
        ("finish(n);", "finish(n);", "Pool::Pool"),
        ("return Kind::One", "return Kind::One", "Pool::kind"),
        ("template <typename T>", "return value;", "Pool::add"),
        ("constexpr int limit", "int helper", "helper"),
        ("constexpr int limit", "constexpr int limit", ""),
        ('#include "a.h"', '#include "a.h"', ""),
    ],
)
def test_a_symbol_of_cpp_is_found(first, last, symbol):
    assert enclosing_symbol(CPP, "source/pool.cc", line_of(CPP, first), line_of(CPP, last)) == symbol


@pytest.mark.parametrize(
    ("first", "last", "symbol"),
    [
        ("size: usize", "size: usize", "Pool"),
        ("#[derive", "size: usize", "Pool"),
        ("let open", "let open", "Pool::connect"),
        ("self.fail()", "_ => Ok", "Pool::connect"),
        ("write!", "write!", "Pool::fmt"),
        ("assert!", "assert!", "it_works"),
        ("const LIMIT", "const LIMIT", ""),
    ],
)
def test_a_symbol_of_rust_is_found(first, last, symbol):
    assert enclosing_symbol(RUST, "src/pool.rs", line_of(RUST, first), line_of(RUST, last)) == symbol


def test_other_languages_have_no_symbols():
    assert enclosing_symbol("message A {\n  int32 a = 1;\n}\n", "a.proto", 2, 2) == ""


def test_code_that_does_not_close_does_no_harm():
    assert enclosing_symbol("}}}\nvoid f() {\n  int a", "a.cc", 3, 3) == ""
