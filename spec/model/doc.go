// Package model holds Promela models of the specification. It has no code: its test runs them.
package model
