// Package formats writes the wire as descriptions for other tools: a dissector for Wireshark and a Kaitai Struct. Names, numbers, layouts
// and keys come from the registry; how they are put together stands in the templates.
package formats
