package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The layout of a file of bbolt, version 2. Numbers are in the byte order of the machine.
const (
	pageHeader   = 16 // id u64, flags u16, count u16, overflow u32
	elementSize  = 16 // leaf: flags u32, pos u32, ksize u32, vsize u32; branch: pos u32, ksize u32, page u64
	bucketHeader = 16 // root u64, sequence u64
	metaSize     = 64 // magic u32, version u32, page size u32, flags u32, bucket, freelist u64, high water u64, txid u64, checksum u64
	metaSum      = 56 // bytes that the checksum covers

	magic       = 0xED0CDAED
	version     = 2
	noFreelist  = 1<<64 - 1
	flagBranch  = 1
	flagLeaf    = 2
	flagFree    = 16
	leafBucket  = 1 // flag of a leaf element: the value is a bucket
	maxKey      = 32_768
	maxDepth    = 64 // of pages and buckets together: 2 to the 64th keys, were each page split in two
	minPageSize = 1 << 10
	maxPageSize = 1 << 24
)

var order = binary.NativeEndian

// meta is what a meta page says.
type meta struct {
	pageSize                    int64
	root, freelist, limit, txid uint64
}

// parseMeta reads a meta page. ok is false where it is not whole.
func parseMeta(page []byte) (m meta, ok bool) {
	if len(page) < pageHeader+metaSize {
		return m, false
	}
	b := page[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaSum])
	if order.Uint32(b) != magic || order.Uint32(b[4:]) != version || order.Uint64(b[metaSum:]) != sum.Sum64() {
		return m, false
	}
	return meta{int64(order.Uint32(b[8:])), order.Uint64(b[16:]), order.Uint64(b[32:]), order.Uint64(b[40:]), order.Uint64(b[48:])}, true
}

// readMeta finds the meta page that bbolt goes by: of the two that may be whole the later one.
func readMeta(f *os.File) (m meta, err error) {
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	var page [pageHeader + metaSize]byte
	at := func(offset int64) (meta, bool) {
		n, _ := f.ReadAt(page[:], offset)
		return parseMeta(page[:n])
	}
	first, ok := at(0)
	size := first.pageSize
	for s := int64(minPageSize); !ok && size == 0 && s <= maxPageSize; s *= 2 { // the first one is damaged: the second is behind one page
		if second, whole := at(s); whole {
			size = second.pageSize
		}
	}
	switch {
	case size == 0:
		return m, &Error{Detail: "no meta page is whole"}
	case size < minPageSize || size > maxPageSize || size&(size-1) != 0:
		return m, &Error{Offset: pageHeader + 8, Detail: fmt.Sprintf("pages of %d bytes", size)}
	case info.Size() < 2*size:
		return m, &Error{Offset: info.Size(), Detail: "the file is cut"}
	}
	second, whole := at(size)
	switch {
	case ok && whole && second.pageSize != size, !ok && !whole:
		return m, &Error{Page: 1, Offset: size, Detail: "the meta pages differ"}
	case !ok, whole && second.txid > first.txid:
		m = second
	default:
		m = first
	}
	if m.limit < 2 || m.limit > uint64(info.Size()/size) {
		return m, &Error{Offset: info.Size(), Detail: fmt.Sprintf("the file is cut: it has %d pages", m.limit)}
	}
	return m, nil
}

// Check looks at all pages of a file that nobody writes. The error is an *Error where it is damaged. It takes memory for two pages of each level and a
// bit for each page.
func Check(f *os.File) error {
	m, err := readMeta(f)
	if err != nil {
		return err
	}
	c := &check{f: f, meta: m, used: make([]uint64, m.limit/64+1)}
	_, _ = c.take(0), c.take(1)
	if err := c.bucket(m.root, 0); err != nil {
		return err
	}
	if m.freelist == noFreelist {
		return nil
	}
	return c.free()
}

// check is a walk through a file.
type check struct {
	f    *os.File
	meta meta
	used []uint64 // a bit for each page that has been met
	bufs [][]byte // of each level
}

// take notes a page. ok is false where it was met before.
func (c *check) take(page uint64) (ok bool) {
	bit := uint64(1) << (page % 64)
	ok = c.used[page/64]&bit == 0
	c.used[page/64] |= bit
	return ok
}

func (c *check) fault(page uint64, at int, detail string) error {
	return &Error{Page: page, Offset: int64(page)*c.meta.pageSize + int64(at), Detail: detail}
}

// read reads a page with what it overflows into, and notes it. The bytes are those of the level until its next page.
func (c *check) read(page uint64, level int) (b []byte, err error) {
	if page < 2 || page >= c.meta.limit {
		return nil, &Error{Page: page, Detail: "a page that is not there"}
	}
	var header [pageHeader]byte
	if err := c.readAt(header[:], page); err != nil {
		return nil, err
	}
	over := uint64(order.Uint32(header[12:]))
	switch {
	case order.Uint64(header[:]) != page:
		return nil, c.fault(page, 0, "another number stands on it")
	case over >= c.meta.limit-page:
		return nil, c.fault(page, 12, "it is longer than the file")
	}
	for p := page; p <= page+over; p++ {
		if !c.take(p) {
			return nil, c.fault(p, 0, "it is used twice")
		}
	}
	for len(c.bufs) <= level {
		c.bufs = append(c.bufs, nil)
	}
	n := int64(over+1) * c.meta.pageSize
	if int64(cap(c.bufs[level])) < n {
		c.bufs[level] = make([]byte, n)
	}
	b = c.bufs[level][:n]
	return b, c.readAt(b, page)
}

func (c *check) readAt(b []byte, page uint64) error {
	_, err := c.f.ReadAt(b, int64(page)*c.meta.pageSize)
	if errors.Is(err, io.EOF) {
		return c.fault(page, 0, "the file is cut")
	}
	return err
}

// bucket walks through the pages of a bucket.
func (c *check) bucket(root uint64, level int) error { return c.page(root, level, nil, nil) }

// page walks through a page and those below it. Its first key is low, where that is not nil: bbolt finds the element that leads to a page by the page's
// first key, and would else leave it there, with a page that is free. The other keys are less than high, where that is not nil.
func (c *check) page(page uint64, level int, low, high []byte) error {
	if level > maxDepth {
		return c.fault(page, 0, "too deep")
	}
	b, err := c.read(page, level)
	if err != nil {
		return err
	}
	switch order.Uint16(b[8:]) {
	case flagLeaf:
		return c.leaf(page, 0, b, level, low, high)
	case flagBranch:
		return c.branch(page, b, level, low, high)
	}
	return c.fault(page, 8, "neither branch nor leaf")
}

// keys walks through the keys of a page, which begins at a byte of the page of this number, and calls f with what each says. extra gives the bytes behind a key.
func (c *check) keys(page uint64, base int, b []byte, low, high []byte, element func(e []byte) (pos, ksize, extra uint32), f func(i int, key, value []byte) error) error {
	count := int(order.Uint16(b[10:]))
	begin := pageHeader + count*elementSize
	switch {
	case begin > len(b):
		return c.fault(page, base+10, "more elements than have room")
	case count == 0 && low != nil:
		return c.fault(page, base+10, "a page below a branch without elements")
	}
	var last []byte
	for i := range count {
		at := pageHeader + i*elementSize
		pos, ksize, extra := element(b[at:])
		from := uint64(at) + uint64(pos)
		to := from + uint64(ksize)
		switch {
		case from < uint64(begin), to+uint64(extra) > uint64(len(b)):
			return c.fault(page, base+at, "an element that lies outside of the page")
		case ksize < 1 || ksize > maxKey:
			return c.fault(page, base+at, fmt.Sprintf("a key of %d bytes", ksize))
		}
		key := b[from:to]
		if i == 0 && low != nil && !bytes.Equal(key, low) || i > 0 && bytes.Compare(key, last) <= 0 || high != nil && bytes.Compare(key, high) >= 0 {
			return c.fault(page, base+at, "a key out of order")
		}
		last = key
		if err := f(i, key, b[to:to+uint64(extra)]); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) branch(page uint64, b []byte, level int, low, high []byte) error {
	if order.Uint16(b[10:]) == 0 {
		return c.fault(page, 10, "a branch without elements")
	}
	type child struct {
		page uint64
		key  []byte
	}
	var children []child
	err := c.keys(page, 0, b, low, high, func(e []byte) (pos, ksize, extra uint32) { return order.Uint32(e), order.Uint32(e[4:]), 0 },
		func(i int, key, _ []byte) error {
			children = append(children, child{order.Uint64(b[pageHeader+i*elementSize+8:]), bytes.Clone(key)})
			return nil
		})
	for i := 0; err == nil && i < len(children); i++ {
		end := high
		if i+1 < len(children) {
			end = children[i+1].key
		}
		err = c.page(children[i].page, level+1, children[i].key, end)
	}
	return err
}

func (c *check) leaf(page uint64, base int, b []byte, level int, low, high []byte) error {
	return c.keys(page, base, b, low, high, func(e []byte) (pos, ksize, extra uint32) {
		return order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
	}, func(i int, _, value []byte) error {
		at := base + pageHeader + i*elementSize
		switch flags := order.Uint32(b[pageHeader+i*elementSize:]); {
		case flags == 0:
			return nil
		case flags != leafBucket:
			return c.fault(page, at, "an element of unknown kind")
		case base > 0:
			return c.fault(page, at, "a bucket in a bucket that has no page")
		case len(value) < bucketHeader:
			return c.fault(page, at, "a bucket that is cut")
		}
		if root := order.Uint64(value); root != 0 {
			return c.bucket(root, level+1)
		}
		inline := value[bucketHeader:]
		inside := cap(b) - cap(inline) // where it lies in the page
		if len(inline) < pageHeader || order.Uint16(inline[8:]) != flagLeaf {
			return c.fault(page, inside, "a bucket without a page")
		}
		return c.leaf(page, inside, inline, level, nil, nil)
	})
}

// free looks at the list of free pages.
func (c *check) free() error {
	page := c.meta.freelist
	b, err := c.read(page, 0)
	if err != nil {
		return err
	}
	if order.Uint16(b[8:]) != flagFree {
		return c.fault(page, 8, "not the list of free pages")
	}
	n, begin := uint64(order.Uint16(b[10:])), pageHeader
	if n == 0xFFFF {
		n, begin = order.Uint64(b[pageHeader:]), pageHeader+8
	}
	if n > uint64(len(b)-begin)/8 {
		return c.fault(page, 10, "more free pages than have room")
	}
	last := uint64(1)
	for i := range int(n) {
		at := begin + 8*i
		id := order.Uint64(b[at:])
		switch {
		case id <= last || id >= c.meta.limit:
			return c.fault(page, at, "a free page that is not there, or out of order")
		case !c.take(id):
			return c.fault(page, at, "a free page that is used")
		}
		last = id
	}
	return nil
}
