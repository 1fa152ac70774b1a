package spec

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

//go:embed registry.json
var registryJSON []byte

// RegistryJSON returns a copy of the embedded registry.json.
func RegistryJSON() []byte { return bytes.Clone(registryJSON) }

// RegistryFile is registry.json. Its slices keep the order of the file, which is the order of the pages' tables.
type RegistryFile struct {
	Format        int          `json:"format"`
	Protocol      string       `json:"protocol"`
	WireVersion   uint16       `json:"wire_version"`
	ALPN          string       `json:"alpn"`
	Magic         string       `json:"magic"` // 16 hexadecimal digits
	Invariants    uint8        `json:"invariants"`
	ExporterLabel string       `json:"exporter_label"`
	Opening       Opening      `json:"opening"`
	Header        Header       `json:"header"`
	Flags         []Flag       `json:"flags"`
	Frames        []Frame      `json:"frames"`
	FrameRanges   []Range      `json:"frame_ranges"`
	Grease        Grease       `json:"grease"`
	Capabilities  []Capability `json:"capabilities"`
	Limits        []Limit      `json:"limits"`
	Constants     []Constant   `json:"constants"`
	Msgpack       Msgpack      `json:"msgpack"`
	Errors        []Code       `json:"errors"`
	ErrorRanges   []Range      `json:"error_ranges"`
	Protos        []Proto      `json:"protos"`
}

// Field is one field of a fixed layout. Offset is nil where a part of variable size stands before it, Size is nil where
// its own size varies.
type Field struct {
	Name   string `json:"name"`
	Offset *int   `json:"offset"`
	Size   *int   `json:"size"`
	Type   string `json:"type"`
	Min    *int   `json:"min,omitempty"` // smallest size in bytes of a variable part
	Max    *int   `json:"max,omitempty"` // greatest size in bytes of a variable part
	Doc    string `json:"doc"`
}

// Key is one key of a MessagePack map.
type Key struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Of       string `json:"of,omitempty"`   // type of an array's elements: str, u16, epoch or range
	Size     *int   `json:"size,omitempty"` // exact size of a bin
	Min      *int   `json:"min,omitempty"`  // fewest elements of an array
	Max      *int   `json:"max,omitempty"`  // most elements of an array, most bytes of a str
	Required bool   `json:"required"`
	Doc      string `json:"doc"`
	Keys     []Key  `json:"keys,omitempty"` // of a map whose keys are registered
}

// Opening describes the frozen opening.
type Opening struct {
	Doc    string  `json:"doc"`
	Fields []Field `json:"fields"`
	Kinds  []Kind  `json:"kinds"`
}

// Kind is one kind of opening.
type Kind struct {
	Name    string `json:"name"`
	Value   uint16 `json:"value"`
	MaxBody int    `json:"max_body"` // bytes
	Doc     string `json:"doc"`
	Keys    []Key  `json:"keys"`
}

// Header describes the frame header; Trailer is the size of the checksum behind a payload.
type Header struct {
	Size    int     `json:"size"`
	Trailer int     `json:"trailer"`
	Fields  []Field `json:"fields"`
}

// Flag is one flag bit. The same value may mean different things on different frame types.
type Flag struct {
	Name  string `json:"name"`
	Value uint8  `json:"value"`
	Types Types  `json:"types"`
	Doc   string `json:"doc"`
}

// Types is a list of frame names. In the file the string "*" stands for all types, here a list with that one entry.
type Types []string

// Has reports whether the frame of this name is meant.
func (t Types) Has(name string) bool {
	for _, have := range t {
		if have == "*" || have == name {
			return true
		}
	}
	return false
}

// UnmarshalJSON takes an array of names or the string "*".
func (t *Types) UnmarshalJSON(b []byte) error {
	var all string
	if json.Unmarshal(b, &all) == nil {
		if all != "*" {
			return fmt.Errorf(`types: %q is neither "*" nor an array`, all)
		}
		*t = Types{"*"}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Frame is one frame type. Body is "fixed", "map", "ending", "pieces", "records" or "ack"; a map has Keys, the others
// have Fields.
type Frame struct {
	Name       string  `json:"name"`
	Value      uint8   `json:"value"`
	Scope      string  `json:"scope"` // link, stream or any
	Profile    string  `json:"profile"`
	Capability string  `json:"capability,omitempty"` // without which the type counts as unknown
	Body       string  `json:"body"`
	Size       *int    `json:"size,omitempty"` // of a fixed payload, bytes
	Min        *int    `json:"min,omitempty"`  // of an ending's payload, bytes
	Max        *int    `json:"max,omitempty"`
	Doc        string  `json:"doc"`
	Fields     []Field `json:"fields,omitempty"`
	Keys       []Key   `json:"keys,omitempty"`
}

// Range is a range of numbers and what it is kept for.
type Range struct {
	From uint32 `json:"from"`
	To   uint32 `json:"to"`
	Use  string `json:"use"`
}

// Grease lists the values that mean nothing and are sent to keep unknown values passable.
type Grease struct {
	FrameTypes       []uint16 `json:"frame_types"` // not []uint8, which JSON would take for base64
	VersionMask      uint16   `json:"version_mask"`
	VersionValue     uint16   `json:"version_value"`
	CapabilityPrefix string   `json:"capability_prefix"`
	MaxPayload       int      `json:"max_payload"` // bytes
}

// Capability is one registered capability.
type Capability struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // true, uint, set or list
	Rule    string `json:"rule"` // AND, MIN, MAX, INTERSECT or CHOOSE
	Profile string `json:"profile"`
	Doc     string `json:"doc"`
}

// Limit is one limit that a peer states in HELLO.
type Limit struct {
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	Min       uint64 `json:"min"`
	Default   uint64 `json:"default"`
	Max       uint64 `json:"max"`
	Doc       string `json:"doc"`
	Exceeding string `json:"exceeding"` // what the peer that stated it does
}

// Constant is a number that nobody negotiates.
type Constant struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
	Unit  string `json:"unit"`
	Doc   string `json:"doc"`
}

// Msgpack holds the bounds of the strict MessagePack profile.
type Msgpack struct {
	Depth  int `json:"depth"`
	Values int `json:"values"`
	Str    int `json:"str"`
	Bin    int `json:"bin"`
	Array  int `json:"array"`
	Map    int `json:"map"`
	Key    int `json:"key"`
}

// Code is one error code.
type Code struct {
	Name      string `json:"name"`
	Value     uint32 `json:"value"`
	Scope     string `json:"scope"` // link, stream, item or any
	Sender    string `json:"sender"`
	Retry     string `json:"retry"`
	Processed string `json:"processed"`
	Doc       string `json:"doc"`
}

// Proto is one standard sub-protocol. Page is its page in the folder spec.
type Proto struct {
	Name     string    `json:"name"`
	Versions []uint16  `json:"versions"`
	Profile  string    `json:"profile"`
	Page     string    `json:"page"`
	Messages []Message `json:"messages"`
}

// Message is one message of a sub-protocol. Keys are those of a map in its last field.
type Message struct {
	Name   string  `json:"name"`
	Value  uint8   `json:"value"`
	From   string  `json:"from"` // the role that sends it
	Doc    string  `json:"doc"`
	Fields []Field `json:"fields"`
	Keys   []Key   `json:"keys,omitempty"`
}

// ParseRegistry reads a registry and refuses a key that it does not know.
func ParseRegistry(b []byte) (*RegistryFile, error) {
	r := new(RegistryFile)
	if err := decodeStrict(b, r); err != nil {
		return nil, fmt.Errorf("registry.json: %w", err)
	}
	return r, nil
}

// Registry returns the embedded registry. It is read once and shared: do not change it. It panics only when the
// binary was built from a broken file, which the tests of this package exclude.
func Registry() *RegistryFile { return sharedRegistry() }

var sharedRegistry = sync.OnceValue(func() *RegistryFile {
	r, err := ParseRegistry(registryJSON)
	if err != nil {
		panic(err)
	}
	return r
})

// Frame finds a frame type by its name.
func (r *RegistryFile) Frame(name string) (Frame, bool) {
	return find(r.Frames, func(f Frame) bool { return f.Name == name })
}

// Kind finds a kind of opening by its name.
func (r *RegistryFile) Kind(name string) (Kind, bool) {
	return find(r.Opening.Kinds, func(k Kind) bool { return k.Name == name })
}

// Code finds an error code by its name.
func (r *RegistryFile) Code(name string) (Code, bool) {
	return find(r.Errors, func(c Code) bool { return c.Name == name })
}

// Constant finds a constant by its name.
func (r *RegistryFile) Constant(name string) (Constant, bool) {
	return find(r.Constants, func(c Constant) bool { return c.Name == name })
}

// Proto finds a sub-protocol by its name.
func (r *RegistryFile) Proto(name string) (Proto, bool) {
	return find(r.Protos, func(p Proto) bool { return p.Name == name })
}

func find[T any](all []T, match func(T) bool) (T, bool) {
	for _, one := range all {
		if match(one) {
			return one, true
		}
	}
	var none T
	return none, false
}

// decodeStrict decodes one JSON value with no unknown key and nothing behind it.
func decodeStrict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the JSON value")
	}
	return nil
}
