"""The paper's section 3 as a listing: one module a stage, array in and array out; no stage knows another."""
