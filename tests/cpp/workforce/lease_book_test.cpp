#include "workforce/lease_book.hpp"

#include <doctest/doctest.h>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"

using gtlabel::detail::LeaseBook;

TEST_CASE("LeaseBook: a lease ends when it is given back by its holder, or when its time is over") {
  LeaseBook book;
  book.lease(3, "ann", 10.0);
  book.lease(4, "bob", 12.0);
  book.release(3, "bob");
  CHECK(book.holder(3) == "ann");
  book.release(3, "ann");
  CHECK(book.holder(3).empty());
  book.lease(3, "ann", 10.0);
  book.release(3);
  CHECK(book.holder(3).empty());
  book.expire(11.9);
  CHECK(book.holder(4) == "bob");
  book.expire(12.0);
  CHECK(book.holder(4).empty());
}

TEST_CASE("LeaseBook: a snapshot keeps it, and one of another pool is refused") {
  LeaseBook book;
  book.lease(3, "ann", 10.0);
  gtlabel::SnapshotWriter writer;
  book.save(writer);
  const auto bytes = writer.finish("test");
  LeaseBook again;
  gtlabel::SnapshotReader reader(bytes, "test");
  again.load(reader, 4);
  CHECK(again.holder(3) == "ann");
  gtlabel::SnapshotReader second(bytes, "test");
  CHECK_THROWS_AS(again.load(second, 3), gtlabel::ArchiveError);
}
