"""The encoder as an ONNX file, in 32-bit floats or 8-bit integers: needs Keras and exporters."""
