package main

import (
	"fmt"
	"math"

	"handfast/testdata"
)

// maxSeq is the greatest number of a record.
const maxSeq = 1<<63 - 2

// deliveryArea is the forms of RECORDS, ACK, GAP and of channel in OPEN and ACCEPT, which spec/delivery.md describes. The receiver has
// selected the capability delivery: without it the frames are unknown (FRAME-015), and so is the key (CHAN-001).
func deliveryArea() *area {
	a := &area{name: "delivery", op: testdata.OpFrame}
	deliveryRecords(a)
	deliveryAck(a)
	deliveryGap(a)
	deliveryChannel(a)
	deliveryBadChannel(a)
	deliveryPosition(a)
	return a
}

func deliveryRecords(a *area) {
	a.about("FRAME-015")
	a.frame("records", "a RECORDS with one record", "the twin of most faults", records(4, 0, 5, "aabb"))
	a.frame("records-three", "three records", "each further piece is the next number", records(4, 0, 5, "aa", "", "cc"))
	a.frame("records-flags", "a RECORDS with FIN and POSSIBLE_DUP", "both count", records(4, fin|possibleDup, 5, "aabb"))
	a.frame("records-more", "the first part of a record", "as in DATA", records(4, more, 5, "aabb"))
	a.frame("records-2-53-and-1", "record 2^53+1", "a reader that keeps numbers in doubles takes it for the one before", records(4, 0, 1<<53+1, "aa"))
	a.frame("records-last-number", "record 2^63-2", "the last number: next is one more, and fits into 63 bits", records(4, 0, maxSeq, "aa"))
	a.frame("records-last-two-numbers", "records 2^63-3 and 2^63-2", "the last two numbers", records(4, 0, maxSeq-1, "aa", "bb"))
	a.frame("records-from-1", "record 1", "the first number", records(4, 0, 1, "aabb"))
	a.strange("records-with-ignored-bits", "a RECORDS with reserved and flags 70 set", "ignored", said{records(4, 0, 5, "aabb").ignored(), records(4, 0, 5, "aabb").form})
	r := records(4, 0, 5, "aabb").frame
	none := encoding("REC-001", 16)
	a.about()
	a.no("records-2-63-less-1", "records-last-number", none, "record 2^63-1", "next would be 2^63, which no integer of the strict profile is", records(4, 0, maxSeq+1, "aa").hexed())
	a.no("records-2-63", "records-last-number", none, "record 2^63", "negative in 64 signed bits", records(4, 0, maxSeq+2, "aa").hexed())
	a.no("records-from-0", "records-from-1", none, "record 0", "0 means none in ACK: the record could never be acknowledged", records(4, 0, 0, "aabb").hexed())
	a.no("records-wrap", "records-last-two-numbers", none, "record 2^63-2 and one behind it", "the second is over, the first is not", records(4, 0, maxSeq, "aa", "bb").hexed())
	a.no("records-2-64-less-1", "records-last-number", none, "records 2^64-1 and the one behind it", "the sum comes to 0", records(4, 0, math.MaxUint64, "aa", "bb").hexed()).Notes = "the number is changed, and a piece is added"
	a.no("records-of-0", "records", encoding("REC-001", 4), "a RECORDS without payload", "a number is always there", r.saying("").hexed())
	a.no("records-of-7", "records", encoding("REC-001", 4), "a RECORDS of 7 bytes", "a number that is not whole", r.saying(rep("00", 7)).hexed())
	a.no("records-without-a-piece", "records", encoding("DATA-002", 4), "a number and no record", "a frame that says nothing", r.saying(u64(5)).hexed())
	a.no("records-fin-without-a-piece", "records-flags", encoding("DATA-002", 4), "a number, FIN and no record", "at least one, with FIN too", records(4, fin|possibleDup, 5).hexed())
	a.no("records-piece-too-long", "records", encoding("DATA-001", 24), "a record that is longer than what is left", "a read behind the payload", r.short(1).hexed())
	a.no("records-byte-left-over", "records", encoding("DATA-001", 30), "a byte behind the last record", "a loop that ends when less than a length is left does not see it", r.long("00").hexed())
	a.no("records-fin-and-more", "records-more", encoding("DATA-004", 1), "FIN and MORE", "a record that goes on in a frame that never comes", records(4, fin|more, 5, "aabb").hexed())
	a.no("records-more-with-an-empty-piece", "records-more", encoding("DATA-005", 24), "MORE behind an empty piece", "a record that grows by nothing", records(4, more, 5, "").hexed())
}

func deliveryAck(a *area) {
	ranges := func(n int) (ends []uint64) {
		for i := range n {
			ends = append(ends, uint64(10+2*i), uint64(10+2*i))
		}
		return ends
	}
	a.about("FRAME-015")
	a.frame("ack", "an ACK without ranges", "the common one", ack(4, 9, 1500))
	a.frame("ack-nothing", "an ACK of 0", "nothing is stable yet, and ranges may be", ack(4, 0, 0, 2, 3))
	a.frame("ack-first-range", "a range that begins behind stable", "record 10 is stable, and nobody has said so: no fault", ack(4, 9, 0, 10, 12))
	a.frame("ack-two-ranges", "two ranges with one record between them", "the least gap", ack(4, 9, 0, 11, 12, 14, 20))
	a.frame("ack-64-ranges", "64 ranges", "the most", ack(4, 8, 0, ranges(64)...))
	a.frame("ack-to-the-last", "a range up to 2^63-2", "the last number", ack(4, 9, 0, maxSeq, maxSeq))
	a.frame("ack-greatest", "stable 2^63-2", "everything", ack(4, maxSeq, math.MaxUint32))
	a.strange("ack-reserved-set", "an ACK whose reserved is set", "reserved is ignored", said{ack(4, 9, 1500).short(2).long("ffff"), ack(4, 9, 1500).form})
	a.about()
	a.no("ack-2-63-less-1", "ack-greatest", encoding("ACK-001", 16), "stable 2^63-1", "no record has this number", ack(4, maxSeq+1, math.MaxUint32).hexed())
	a.no("ack-2-64-less-1", "ack-greatest", encoding("ACK-001", 16), "stable 2^64-1", "-1: everything that was ever sent", ack(4, math.MaxUint64, math.MaxUint32).hexed())
	a.no("ack-range-over-the-last", "ack-to-the-last", encoding("ACK-001", 32), "a range up to 2^63-1", "no record has this number", ack(4, 9, 0, maxSeq, maxSeq+1).hexed())
	a.about("FRAME-015")
	size := encoding("FRAME-010", 4)
	one := ack(4, 9, 0, 10, 12).frame
	a.no("ack-of-0", "ack", size, "an ACK without payload", "a fixed part is always there", one.saying("").hexed())
	a.no("ack-of-15", "ack", size, "an ACK of 15 bytes", "a read of reserved behind the payload", ack(4, 9, 1500).short(1).hexed())
	a.no("ack-without-its-range", "ack-first-range", size, "a count of 1 and no range", "a read behind the payload", one.short(16).hexed())
	a.no("ack-with-half-a-range", "ack-first-range", size, "a count of 1 and half a range", "a read behind the payload", one.short(8).hexed())
	a.no("ack-with-a-range-too-many", "ack-two-ranges", size, "a count of 1 and two ranges", "what the count leaves out is read by nobody", one.long(u64(14)+u64(20)).hexed())
	a.no("ack-65-ranges", "ack-64-ranges", encoding("ACK-001", 28), "65 ranges", "off by one in the limit", ack(4, 8, 0, ranges(65)...).hexed())
	a.no("ack-count-of-65535", "ack", encoding("ACK-001", 28), "a count of 65,535 and no range", "nothing is allocated for a count that has not arrived", join(
		frame{kind: tACK, stream: 4, payload: join(u64(9), u32(1500), "ffff", "0000")}.hexed())).Notes = "over the limit and over the payload: the count is judged first here"
	for _, r := range []struct {
		slug, twin string
		ends       []uint64
		at         int
		title, why string
	}{
		{"ack-range-of-stable", "ack-first-range", []uint64{9, 12}, 32, "a range that begins at stable", "one state has one form: such a record would be acknowledged twice"},
		{"ack-range-backwards", "ack-first-range", []uint64{10, 9}, 32, "a range that ends before it begins", "a loop from first to last runs for ever, or frees what was not sent"},
		{"ack-range-of-0", "ack-first-range", []uint64{0, 12}, 32, "a range from 0", "there is no record 0"},
		{"ack-ranges-touch", "ack-two-ranges", []uint64{11, 12, 13, 20}, 48, "two ranges without a gap", "one state has one form: they are one range"},
		{"ack-ranges-overlap", "ack-two-ranges", []uint64{11, 12, 12, 20}, 48, "two ranges with a record in both", "a count of records by adding lengths is wrong"},
		{"ack-ranges-descending", "ack-two-ranges", []uint64{14, 20, 11, 12}, 48, "two ranges in the wrong order", "a loop that walks along misses the second"},
		{"ack-range-behind-the-last", "ack-to-the-last", []uint64{11, maxSeq, 0, 0}, 48, "a range behind the last number", "ranges ascend, also where there is nothing above"},
	} {
		a.no(r.slug, r.twin, encoding("ACK-001", r.at), r.title, r.why, ack(4, 9, 0, r.ends...).hexed())
	}
}

func deliveryGap(a *area) {
	a.about("FRAME-015")
	for reason := range uint32(7) {
		a.frame(fmt.Sprintf("gap-reason-%d", reason), fmt.Sprintf("a GAP with reason %d", reason), "reasons 1 to 5 are known; another is a reason that nobody knows, and no fault", gap(4, 5, 6, reason))
	}
	a.frame("gap-of-one", "a GAP of one record", "from and to are equal", gap(4, 5, 5, 1))
	a.frame("gap-of-all", "a GAP of all records", "every number that there is", gap(4, 1, maxSeq, 2))
	a.strange("gap-reserved-set", "a GAP whose last field is set", "reserved is ignored", said{gap(4, 5, 6, 1).short(4).long("ffffffff"), gap(4, 5, 6, 1).form})
	g := gap(4, 5, 6, 1).frame
	a.about()
	a.no("gap-2-63-less-1", "gap-of-all", encoding("GAP-001", 16), "a GAP up to 2^63-1", "no record has this number", gap(4, 1, maxSeq+1, 2).hexed())
	a.no("gap-2-64-less-1", "gap-of-all", encoding("GAP-001", 16), "a GAP up to 2^64-1", "a count of them, to less from plus 1, overflows", gap(4, 1, math.MaxUint64, 2).hexed())
	a.about("FRAME-015")
	a.no("gap-from-0", "gap-reason-1", encoding("GAP-001", 16), "a GAP from 0", "there is no record 0", gap(4, 0, 6, 1).hexed())
	a.no("gap-backwards", "gap-of-one", encoding("GAP-001", 16), "a GAP that ends before it begins", "a loop from first to last runs for ever", gap(4, 5, 4, 1).hexed())
	a.no("gap-of-20", "gap-reason-1", encoding("FRAME-010", 4), "a GAP without reserved", "an encoder that leaves out what means nothing", g.short(4).hexed())
	a.no("gap-of-23", "gap-reason-1", encoding("FRAME-010", 4), "a GAP of 23 bytes", "a fixed layout has one size", g.short(1).hexed())
	a.no("gap-of-25", "gap-reason-1", encoding("FRAME-010", 4), "a GAP of 25 bytes", "a fixed layout has one size", g.long("00").hexed())
}
