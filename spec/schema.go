package spec

import (
	"bytes"
	_ "embed"
)

//go:embed registry.schema.json
var registrySchema []byte

//go:embed requirements.schema.json
var requirementsSchema []byte

// RegistrySchema returns the JSON Schema (draft 2020-12) of registry.json.
func RegistrySchema() []byte { return bytes.Clone(registrySchema) }

// RequirementsSchema returns the JSON Schema (draft 2020-12) of requirements.json.
func RequirementsSchema() []byte { return bytes.Clone(requirementsSchema) }
